import { ADMIN_ERRORS, type AdminErrorCode } from '../contract/errors.ts'

/** A refusal of the control plane; `message` tells the caller what to do next. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly code: AdminErrorCode
  /** After how many seconds to try again. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: AdminErrorCode, message: string, retryAfterSeconds?: number) {
    super(message)
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds
  }

  get status(): number {
    return ADMIN_ERRORS[this.code]
  }

  /** What the answer says beside message and code. */
  get members(): Readonly<Record<string, unknown>> {
    return {}
  }
}

/** Somebody else was faster: the thing is not as it was read. Portkey has no such refusal; here it is a 412 with AB07. */
export class StaleError extends AdminError {
  readonly #last: { readonly by: string; readonly at: string } | undefined
  readonly #etag: string

  /** `last` is who changed it and when, as far as the audit trail knows; `etag` the tag of today. */
  constructor(last: { readonly by: string; readonly at: string } | undefined, etag: string) {
    const whom = last === undefined ? '' : `, last by ${last.by} at ${last.at}`
    super('AB07', `This was changed since you read it${whom}. Read it again, then decide.`)
    this.#last = last
    this.#etag = etag
  }

  override get status(): number {
    return 412
  }

  override get members() {
    return { changed_by: this.#last?.by ?? null, changed_at: this.#last?.at ?? null, etag: this.#etag }
  }
}

/** The request says something that cannot be. */
export function invalid(message: string): AdminError {
  return new AdminError('AB01', message)
}

/**
 * The caller may know that there are such things, but not do this. For a single thing that it may not see, say `missing`:
 * what belongs to others does not exist.
 */
export function forbidden(message: string): AdminError {
  return new AdminError('AB03', message)
}

/** It does not exist, or not for this caller. `what` is such as `The provider @sandbox`. */
export function missing(what: string): AdminError {
  return new AdminError('AB08', `${what} does not exist, or not for this key.`)
}

/** Too many tries; `waitMs` is how long there is no sense in another one. */
export function tooMany(message: string, waitMs: number): AdminError {
  return new AdminError('AB06', message, Math.ceil(waitMs / 1000))
}

export function conflict(message: string): AdminError {
  return new AdminError('AB07', message)
}

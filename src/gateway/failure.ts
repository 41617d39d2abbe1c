import type { GatewayError } from '../core/errors.ts'
import { type HeaderLines, header } from '../core/headers.ts'
import type { RouteStep } from '../records/record.ts'
import type { Target } from './exchange.ts'

/*
 * How an attempt failed while the client had not seen any of it yet: enough to try again, to go elsewhere, or to hand it on as it came.
 */

export interface Failure {
  /** `skipped`: the target cannot serve this request, by its dialect, by a 501, or because a limit of its own stops it. `answered`: the upstream told of an error by itself. */
  readonly kind: 'skipped' | 'answered' | 'broken'
  readonly path: string
  /** Undefined for a way that leads nowhere. */
  readonly target: Target | undefined
  /** What is compared with lists of statuses: the upstream's own, that of an error event, else the one that the client would get. */
  readonly status: number
  /** Undefined when it never came to one. */
  readonly upstreamStatus: number | undefined
  /** An error code of ours, or the upstream's `error.type`. */
  readonly reason: string
  /** The upstream's words; empty when it had none that can be read. */
  readonly text: string
  /** Undefined for an answer of the upstream's, which is in `answer`. */
  readonly error: GatewayError | undefined
  readonly answer: HeldAnswer | undefined
  /** How long the upstream asks to be left alone. */
  readonly retryAfterMs: number | undefined
  /** Tries after the first; -1 when all were used up. */
  readonly retries: number
}

/** An upstream's error, as the client would have got it. */
export interface HeldAnswer {
  readonly status: number
  readonly headers: HeaderLines
  readonly eventStream: boolean
  readonly chunks: readonly Buffer[]
}

/** Thrown by an attempt that failed unseen. */
export class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.reason)
    this.failure = failure
  }
}

/** The failure that was thrown; anything else is thrown on. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof AttemptFailed) return thrown.failure
  throw thrown
}

/** An error of ours in place of an answer. */
export function refused(
  error: GatewayError,
  at: { readonly path: string; readonly target?: Target; readonly upstreamStatus?: number | undefined },
): Failure {
  const { code, spec, retryAfterSeconds } = error
  return {
    kind: SKIPS.has(code) ? 'skipped' : 'broken',
    path: at.path,
    target: at.target,
    status: at.upstreamStatus ?? spec.status,
    upstreamStatus: at.upstreamStatus,
    reason: code,
    text: error.message,
    error,
    answer: undefined,
    retryAfterMs: retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1_000,
    retries: 0,
  }
}

/** What the record says of a target that was left, after `ms` milliseconds. */
export function routeStep(
  { path, target, upstreamStatus, reason: ownReason }: Failure,
  result: RouteStep['result'],
  ms: number,
  reason: string = ownReason,
): RouteStep {
  return { path, provider: target?.upstream.slug, result, status: upstreamStatus, reason, ms: Math.round(ms) }
}

const SKIPS: ReadonlySet<string> = new Set([
  'target.incapable',
  'model.not_allowed',
  'provider.unknown',
  'budget.provider_spent',
  'budget.provider_held',
  'rate.provider_limited',
])

/** Where another provider may know better. 401, 402, 403 and 404 speak of our account there, not of the request. */
const USUAL_CODES: ReadonlySet<number> = new Set([401, 402, 403, 404, 408, 424, 429, 500, 502, 503, 504, 529])

/** An account without money answers 400, which otherwise means that the request itself is wrong. */
const CREDIT_EXHAUSTED =
  /credit balance is too low|out of (?:extra )?(?:usage|credits?)\b|quota exceeded|ServiceQuotaExceeded/i

/**
 * Whether the next option gets its turn. Another 400 never by itself: the next provider says the same, or, worse, quietly takes something
 * else. Faults of the gateway's own end the way.
 */
export function movesOn(failure: Failure, onStatusCodes: ReadonlySet<number> | undefined): boolean {
  if (failure.kind === 'skipped') return true
  if (failure.error !== undefined && failure.error.spec.recovery === 'stop') return false
  if (onStatusCodes !== undefined) return onStatusCodes.has(failure.status)
  if (failure.status === 400) return CREDIT_EXHAUSTED.test(failure.text)
  return USUAL_CODES.has(failure.status)
}

/** The status that an `error.type` stands for when the status itself was spent (Anthropic's documented pairs). */
export function statusOfType(type: string): number {
  return (Object.hasOwn(STATUS_OF_TYPE, type) ? STATUS_OF_TYPE[type] : undefined) ?? 500
}

const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
}

/** How long an answer asks to be left alone, in milliseconds: `retry-after-ms`, `x-ms-retry-after-ms`, or `retry-after` as seconds or a date. */
export function readRetryAfter(headers: HeaderLines, now: number): number | undefined {
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const ms = Number(header(headers, name) ?? NaN)
    if (Number.isFinite(ms) && ms >= 0) return ms
  }
  const written = header(headers, 'retry-after')?.trim()
  if (written === undefined || written === '') return undefined
  const seconds = Number(written)
  if (Number.isFinite(seconds)) return seconds < 0 ? undefined : seconds * 1_000
  const date = Date.parse(written)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

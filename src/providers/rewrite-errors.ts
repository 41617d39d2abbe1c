import { isObject } from '../core/is-object.ts'
import type { GatewayError, WireErrorType } from '../core/errors.ts'
import { type HeaderLines, contentCoding, header } from '../core/headers.ts'
import type { UpstreamFlow, UpstreamHandler } from './adapter.ts'

/** A platform's error in Anthropic's terms. */
export interface ExplainedError {
  readonly status: number
  readonly type: WireErrorType
  readonly message: string
  /** In whole seconds, where the platform says it in its body. */
  readonly retryAfterSeconds?: number | undefined
}

/** An error answer as it came; `document` is undefined for a body that is no JSON, or too large to be one of ours. */
export interface PlatformError {
  readonly status: number
  readonly document: unknown
}

/** Errors are short; a longer one is a page for people, and is told by its status alone. */
const ERROR_BYTES_MAX = 64 * 1024

/**
 * Has a platform's errors told as Anthropic tells them, and lets everything else pass as it comes. `explain` gives undefined for an error that
 * is right already: its bytes stay.
 *
 * A 401 passes at once: nobody gets to read it, because it is about the gateway's own credential.
 */
export function rewriteErrors(
  handler: UpstreamHandler,
  explain: (error: PlatformError) => ExplainedError | undefined,
): UpstreamHandler {
  return new ErrorRewriter(handler, explain)
}

interface HeldError {
  readonly status: number
  readonly headers: HeaderLines
  readonly chunks: Buffer[]
  bytes: number
}

class ErrorRewriter implements UpstreamHandler {
  readonly #handler: UpstreamHandler
  readonly #explain: (error: PlatformError) => ExplainedError | undefined
  /** The error that is being collected; undefined for every other answer. */
  #held: HeldError | undefined

  constructor(handler: UpstreamHandler, explain: (error: PlatformError) => ExplainedError | undefined) {
    this.#handler = handler
    this.#explain = explain
  }

  sent(flow: UpstreamFlow): void {
    this.#handler.sent(flow)
  }

  head(status: number, headers: HeaderLines): void {
    if (status < 400 || status === 401) this.#handler.head(status, headers)
    else this.#held = { status, headers, chunks: [], bytes: 0 }
  }

  chunk(bytes: Buffer): void {
    const held = this.#held
    if (held === undefined) {
      this.#handler.chunk(bytes)
      return
    }
    held.bytes += bytes.length
    if (held.bytes <= ERROR_BYTES_MAX) held.chunks.push(bytes)
  }

  end(): void {
    if (this.#held !== undefined) this.#tell(this.#held)
    this.#handler.end()
  }

  fail(error: GatewayError): void {
    this.#handler.fail(error)
  }

  #tell({ status, headers, chunks, bytes }: HeldError): void {
    const body = Buffer.concat(chunks)
    const isReadable = bytes <= ERROR_BYTES_MAX && contentCoding(headers) === undefined
    const explained = this.#explain({ status, document: isReadable ? parse(body) : undefined })
    if (explained === undefined) {
      this.#handler.head(status, headers)
      this.#handler.chunk(body)
      return
    }
    const { type, message, retryAfterSeconds } = explained
    const told = Buffer.from(JSON.stringify({ type: 'error', error: { type, message } }))
    this.#handler.head(explained.status, [
      ...withoutBodyHeaders(headers),
      ...(retryAfterSeconds !== undefined && header(headers, 'retry-after') === undefined
        ? ['retry-after', String(retryAfterSeconds)]
        : []),
      'content-type',
      'application/json',
      'content-length',
      String(told.length),
    ])
    this.#handler.chunk(told)
  }
}

/** Anthropic's type for a status, for errors that say no more than that. */
export function typeOf(status: number): Pick<ExplainedError, 'status' | 'type'> {
  const known = TYPES[status]
  if (known !== undefined) return known
  return status >= 500 ? { status: 500, type: 'api_error' } : { status: 400, type: 'invalid_request_error' }
}

const TYPES: Readonly<Record<number, Pick<ExplainedError, 'status' | 'type'>>> = {
  400: { status: 400, type: 'invalid_request_error' },
  401: { status: 401, type: 'authentication_error' },
  402: { status: 402, type: 'billing_error' },
  403: { status: 403, type: 'permission_error' },
  404: { status: 404, type: 'not_found_error' },
  408: { status: 504, type: 'timeout_error' },
  413: { status: 413, type: 'request_too_large' },
  429: { status: 429, type: 'rate_limit_error' },
  503: { status: 529, type: 'overloaded_error' },
  504: { status: 504, type: 'timeout_error' },
  529: { status: 529, type: 'overloaded_error' },
}

/** Anthropic's own envelope, as the models behind every platform use it. */
export function readEnvelope(document: unknown): { readonly type: string; readonly message: string } | undefined {
  if (!isObject(document) || document['type'] !== 'error' || !isObject(document['error'])) return undefined
  const { type, message } = document['error'] as { readonly type?: unknown; readonly message?: unknown }
  return typeof type === 'string' && typeof message === 'string' ? { type, message } : undefined
}

/** Of the old body, which is gone. */
const ABOUT_THE_BODY = new Set(['content-type', 'content-length', 'content-encoding', 'transfer-encoding'])

function withoutBodyHeaders(headers: HeaderLines): string[] {
  return headers.filter((_, at) => !ABOUT_THE_BODY.has(headers[at - (at % 2)]!.toLowerCase()))
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Who has to act on an error: it picks the log level and labels the metric. */
export type Fault = 'caller' | 'operator' | 'upstream' | 'gateway'

/** What routing may do about an error before anything was sent to the client. */
export type Recovery = 'stop' | 'retry' | 'next-target'

/** `error.type` in the Anthropic envelope. */
export type WireErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'billing_error'
  | 'permission_error'
  | 'not_found_error'
  | 'request_too_large'
  | 'rate_limit_error'
  | 'api_error'
  | 'timeout_error'
  | 'overloaded_error'

interface ErrorSpec {
  readonly status: number
  readonly wire: WireErrorType
  readonly fault: Fault
  readonly recovery: Recovery
  /**
   * Sent as `x-should-retry: false`. Claude Code otherwise repeats 401, 429 and 5xx ten times over about three minutes,
   * in which the developer sees nothing (measured with 2.1.330).
   */
  readonly final?: true
}

/**
 * Every refusal the gateway makes, by a stable code `subject.state`. Statuses are chosen for what Claude Code does with
 * them: see docs/reference/errors.md, which a test holds against this table in both directions.
 */
export const ERRORS = {
  'request.malformed': { status: 400, wire: 'invalid_request_error', fault: 'caller', recovery: 'stop' },
  'request.too_large': { status: 413, wire: 'request_too_large', fault: 'caller', recovery: 'stop' },
  'request.headers_too_large': {
    status: 431,
    wire: 'invalid_request_error',
    fault: 'caller',
    recovery: 'stop',
    final: true,
  },
  'request.timeout': { status: 408, wire: 'timeout_error', fault: 'caller', recovery: 'stop', final: true },
  'request.unsupported_type': {
    status: 415,
    wire: 'invalid_request_error',
    fault: 'caller',
    recovery: 'stop',
    final: true,
  },
  'request.not_found': { status: 404, wire: 'not_found_error', fault: 'caller', recovery: 'stop' },
  // 421 Misdirected Request: for a 404 Claude Code blames the model and keeps our words to itself.
  'request.wrong_base_url': { status: 421, wire: 'invalid_request_error', fault: 'caller', recovery: 'stop' },
  'request.method': { status: 405, wire: 'invalid_request_error', fault: 'caller', recovery: 'stop' },
  'key.missing': { status: 401, wire: 'authentication_error', fault: 'caller', recovery: 'stop', final: true },
  'key.unknown': { status: 401, wire: 'authentication_error', fault: 'caller', recovery: 'stop', final: true },
  'key.revoked': { status: 401, wire: 'authentication_error', fault: 'caller', recovery: 'stop', final: true },
  'key.expired': { status: 401, wire: 'authentication_error', fault: 'caller', recovery: 'stop', final: true },
  'key.ambiguous': { status: 401, wire: 'authentication_error', fault: 'caller', recovery: 'stop', final: true },
  'key.scope': { status: 403, wire: 'permission_error', fault: 'caller', recovery: 'stop' },
  'user.suspended': { status: 403, wire: 'permission_error', fault: 'caller', recovery: 'stop' },
  // 402 is asked once and its text is shown as it is; a session does not go on with another model.
  'budget.spent': { status: 402, wire: 'billing_error', fault: 'caller', recovery: 'stop' },
  // Running requests give back most of what they hold within seconds, so Claude Code is to wait and go on.
  'budget.held': { status: 429, wire: 'rate_limit_error', fault: 'caller', recovery: 'stop' },
  'budget.provider_spent': { status: 402, wire: 'billing_error', fault: 'operator', recovery: 'next-target' },
  'budget.provider_held': { status: 429, wire: 'rate_limit_error', fault: 'operator', recovery: 'next-target' },
  'rate.limited': { status: 429, wire: 'rate_limit_error', fault: 'caller', recovery: 'stop' },
  'rate.provider_limited': { status: 429, wire: 'rate_limit_error', fault: 'operator', recovery: 'next-target' },
  'rate.concurrency': { status: 429, wire: 'rate_limit_error', fault: 'caller', recovery: 'stop' },
  'provider.missing': { status: 400, wire: 'invalid_request_error', fault: 'caller', recovery: 'stop' },
  'provider.unknown': { status: 400, wire: 'invalid_request_error', fault: 'caller', recovery: 'next-target' },
  'model.missing': { status: 400, wire: 'invalid_request_error', fault: 'caller', recovery: 'stop' },
  'model.not_allowed': { status: 400, wire: 'invalid_request_error', fault: 'caller', recovery: 'next-target' },
  'config.invalid': { status: 400, wire: 'invalid_request_error', fault: 'caller', recovery: 'stop' },
  'config.unknown': { status: 400, wire: 'invalid_request_error', fault: 'caller', recovery: 'stop' },
  'config.locked': { status: 400, wire: 'invalid_request_error', fault: 'caller', recovery: 'stop' },
  'target.incapable': { status: 400, wire: 'invalid_request_error', fault: 'caller', recovery: 'next-target' },
  'credential.unavailable': { status: 502, wire: 'api_error', fault: 'operator', recovery: 'next-target', final: true },
  'upstream.unreachable': { status: 503, wire: 'api_error', fault: 'upstream', recovery: 'next-target' },
  'upstream.refused_host': { status: 502, wire: 'api_error', fault: 'operator', recovery: 'next-target', final: true },
  'upstream.redirected': { status: 502, wire: 'api_error', fault: 'operator', recovery: 'next-target', final: true },
  'upstream.credential_rejected': {
    status: 502,
    wire: 'api_error',
    fault: 'operator',
    recovery: 'next-target',
    final: true,
  },
  'upstream.repeated_credential': {
    status: 502,
    wire: 'api_error',
    fault: 'operator',
    recovery: 'next-target',
    final: true,
  },
  // Portkey's status for a `request_timeout` that has passed; Claude Code tries again.
  'upstream.too_slow': { status: 408, wire: 'timeout_error', fault: 'upstream', recovery: 'retry' },
  'upstream.timeout': { status: 504, wire: 'timeout_error', fault: 'upstream', recovery: 'next-target' },
  'upstream.broken': { status: 502, wire: 'api_error', fault: 'upstream', recovery: 'retry' },
  'gateway.draining': { status: 503, wire: 'api_error', fault: 'gateway', recovery: 'stop' },
  'gateway.ledger_unavailable': { status: 503, wire: 'api_error', fault: 'operator', recovery: 'stop' },
  'gateway.unexpected': { status: 500, wire: 'api_error', fault: 'gateway', recovery: 'stop' },
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof ERRORS

export interface ErrorDetails {
  /** For the operator's log; never for the client. */
  readonly detail?: string
  readonly cause?: unknown
  /** Sent as `retry-after`, in whole seconds. */
  readonly retryAfterSeconds?: number
  /** Nothing that the client can wait for would change it, though it might for other errors of this code: sent as `x-should-retry: false`. */
  readonly final?: boolean
  /** What Portkey calls it, for callers whose tools read its shape: then it is sent in place of ours. */
  readonly portkey?: PortkeyWords | undefined
  /** Headers that a client in gateway mode reads of a spent budget, which for it goes with status 429. */
  readonly spendNotice?: readonly string[]
}

/** A refusal as Portkey's gateway makes it, beside its message. */
export interface PortkeyWords {
  readonly status: number
  /** Its `error.type`, such as `api_key_rate_limit_error`. */
  readonly type: string
  /** Its `error.code`: `04` for a spent budget, null for a rate limit. */
  readonly code: string | null
}

/** A refusal with two faces: `message` tells the developer the next step, `detail` tells the operator what happened. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly retryAfterSeconds: number | undefined
  /** Sent as `x-should-retry: false`. */
  readonly isFinal: boolean
  readonly portkey: PortkeyWords | undefined
  readonly spendNotice: readonly string[] | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.detail = details.detail
    this.retryAfterSeconds = details.retryAfterSeconds
    this.isFinal = details.final ?? this.spec.final ?? false
    this.portkey = details.portkey
    this.spendNotice = details.spendNotice
  }

  /** The status that the client gets. */
  get status(): number {
    return this.portkey?.status ?? (this.spendNotice === undefined ? this.spec.status : 429)
  }

  get spec(): ErrorSpec {
    return ERRORS[this.code]
  }
}

/** Makes anything that was thrown a GatewayError; what nobody expected tells the client nothing of our insides. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  return new GatewayError(
    'gateway.unexpected',
    'The gateway failed on this request. Try again; if it happens twice, send the request id to whoever runs the gateway.',
    { cause: thrown, detail: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) },
  )
}

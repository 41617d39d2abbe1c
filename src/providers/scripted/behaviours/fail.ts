import { NO_USAGE } from '../../../core/usage.ts'
import { answer } from '../answer.ts'
import { jsonScene, requestId, streamHead, toEvents, toMessage, writeEvent, type StreamEvent } from '../render.ts'
import type { Ask, Seeded } from '../request.ts'
import type { Scene, Step } from '../scene.ts'
import { greet } from './talk.ts'

/** The provider's errors by status: the type in the envelope, and what the provider would say. */
export const ERROR_KINDS = {
  400: ['invalid_request_error', 'The sandbox plays a malformed request.'],
  401: ['authentication_error', 'The sandbox plays an invalid API key.'],
  402: ['billing_error', 'The sandbox plays an unpaid bill.'],
  403: ['permission_error', 'The sandbox plays a missing permission.'],
  404: ['not_found_error', 'model: sandbox-error-404'],
  408: ['timeout_error', 'The sandbox plays a request that came too slowly.'],
  409: ['conflict_error', 'The sandbox plays a conflict.'],
  413: ['request_too_large', 'The sandbox plays a request that is too large.'],
  422: ['invalid_request_error', 'The sandbox plays a request that cannot be processed.'],
  429: ['rate_limit_error', 'The sandbox plays a rate limit.'],
  500: ['api_error', 'Internal server error'],
  502: ['api_error', 'Bad gateway'],
  503: ['api_error', 'Service unavailable'],
  504: ['timeout_error', 'The sandbox plays a timeout inside the provider.'],
  529: ['overloaded_error', 'Overloaded'],
} as const satisfies Record<number, readonly [type: string, message: string]>

export type ErrorStatus = keyof typeof ERROR_KINDS

/** Answers with the provider's own error of that status. */
export function failWith(status: ErrorStatus, headers: readonly string[] = []) {
  const [type, message] = ERROR_KINDS[status]
  return (ask: Seeded): Scene => errorScene(ask, status, type, message, headers)
}

/** An error in the provider's envelope. */
export function errorScene(
  ask: Seeded,
  status: number,
  type: string,
  message: string,
  headers: readonly string[] = [],
): Scene {
  return jsonScene(ask, status, envelope(ask, type, message), NO_USAGE, headers)
}

/** A rate limit with everything that the provider tells about it. The reset is a fixed day: the script has no clock. */
export const rateLimited = failWith(429, [
  'retry-after',
  '2',
  'anthropic-ratelimit-requests-limit',
  '50',
  'anthropic-ratelimit-requests-remaining',
  '0',
  'anthropic-ratelimit-requests-reset',
  '2030-01-01T00:00:00Z',
  'anthropic-ratelimit-input-tokens-limit',
  '40000',
  'anthropic-ratelimit-input-tokens-remaining',
  '0',
  'anthropic-ratelimit-input-tokens-reset',
  '2030-01-01T00:00:00Z',
])

/** Status 200, and then an error before the message begins. */
export function overloadedLate(ask: Ask): Scene {
  return faultyStream(ask, () => [bytesOf(errorEvent(ask)), END])
}

/** An error event inside the text. */
export function overloadedMid(ask: Ask): Scene {
  return faultyStream(ask, (events) => [...insideText(events), bytesOf(errorEvent(ask)), END])
}

/** The connection breaks inside the text. */
export function cut(ask: Ask): Scene {
  return faultyStream(ask, (events) => [...insideText(events), CUT])
}

/** The connection breaks before anything was answered. */
export function cutFirst(): Scene {
  return { steps: [CUT] }
}

/** The connection breaks after the head, before the message begins. */
export function cutStart(ask: Ask): Scene {
  return faultyStream(ask, () => [CUT])
}

/** The text is whole, but the stream ends cleanly before the message does. */
export function cutClean(ask: Ask): Scene {
  return faultyStream(ask, (events) => [
    ...events.filter(({ name }) => name !== 'message_delta' && name !== 'message_stop').map(writeEvent),
    END,
  ])
}

/** A head, and then nothing. */
export function silent(ask: Seeded): Scene {
  return { steps: [streamHead(ask), { kind: 'silence' }] }
}

/** Not even a head. */
export function silentFirst(): Scene {
  return { steps: [{ kind: 'silence' }] }
}

/** Silence inside the text. */
export function silentMid(ask: Ask): Scene {
  return faultyStream(ask, (events) => [...insideText(events), { kind: 'silence' }])
}

/** A web page with status 200, as a captive portal or a broken proxy would answer. */
export function garbage(): Scene {
  const bytes = Buffer.from(
    '<!doctype html>\n<title>Welcome</title>\n<p>This is not the API you are looking for.</p>\n',
  )
  const headers = ['content-type', 'text/html; charset=utf-8', 'content-length', String(bytes.length)]
  return { steps: [{ kind: 'head', status: 200, headers }, { kind: 'bytes', bytes }, END] }
}

/** Status 200 and not a byte. */
export function empty(ask: Seeded): Scene {
  return { steps: [streamHead(ask), END] }
}

const END: Step = { kind: 'end' }
const CUT: Step = { kind: 'cut' }

/**
 * A stream that goes wrong. A client that asked for no stream gets the same fault where it can be had: half of the
 * document, then what follows the text.
 */
function faultyStream(ask: Ask, spoil: (events: readonly StreamEvent[]) => Step[]): Scene {
  const whole = answer(ask, { blocks: [{ type: 'text', text: greet(ask) }] })
  if (ask.streaming) return { steps: [streamHead(ask), ...spoil(toEvents(whole))] }
  const bytes = Buffer.from(toMessage(whole))
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    String(bytes.length),
    'request-id',
    requestId(ask),
  ]
  const half: Step = { kind: 'bytes', bytes: bytes.subarray(0, bytes.length >> 1), billed: whole.usage }
  const last = spoil([]).at(-1)!
  // A document that is announced as longer than what comes cannot end cleanly: that is a cut.
  return { steps: [{ kind: 'head', status: 200, headers }, half, last.kind === 'silence' ? last : CUT] }
}

/** Everything up to and with the third piece of text. */
function insideText(events: readonly StreamEvent[]): Step[] {
  const isPiece = ({ name }: StreamEvent) => name === 'content_block_delta'
  const third = events.filter(isPiece)[2]
  return events.slice(0, third === undefined ? events.length : events.indexOf(third) + 1).map(writeEvent)
}

function errorEvent(ask: Seeded): string {
  return `event: error\ndata: ${envelope(ask, 'overloaded_error', 'Overloaded')}\n\n`
}

function envelope(ask: Seeded, type: string, message: string): string {
  return JSON.stringify({ type: 'error', error: { type, message }, request_id: requestId(ask) })
}

function bytesOf(text: string): Step {
  return { kind: 'bytes', bytes: Buffer.from(text) }
}

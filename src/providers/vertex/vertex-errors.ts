import { isObject } from '../../core/is-object.ts'
import { type ExplainedError, type PlatformError, readEnvelope, typeOf } from '../rewrite-errors.ts'

/**
 * A Google error as Anthropic tells it; undefined for one that needs no change. Model errors come in Anthropic's envelope, those of the
 * platform in Google's (`google.rpc.Status`, cloud.google.com/apis/design/errors), sometimes as the one element of an array. Ids of projects
 * and addresses are the operator's, and are taken out of both.
 */
export function explainGoogleError(error: PlatformError, project: string): ExplainedError | undefined {
  const document = Array.isArray(error.document) && error.document.length === 1 ? error.document[0] : error.document
  const envelope = readEnvelope(document)
  if (envelope !== undefined) return explainEnvelope(error.status, envelope, project)

  const google = isObject(document) && isObject(document['error']) ? document['error'] : undefined
  const status = google?.['status']
  const kind =
    (typeof status === 'string' && Object.hasOwn(STATUSES, status) ? STATUSES[status] : undefined) ??
    typeOf(error.status)
  const message = google?.['message']
  if (typeof message !== 'string' || message === '') {
    return { ...kind, message: `The provider answered with status ${error.status} and no reason.` }
  }
  // The platform wraps what a model has said as text.
  const nested = readEnvelope(parse(message))
  return {
    ...kind,
    message: isTooLong(message) ? TOO_LONG : redact(nested?.message ?? message, project),
    retryAfterSeconds: retryDelay(google?.['details']),
  }
}

function explainEnvelope(
  status: number,
  { type, message }: NonNullable<ReturnType<typeof readEnvelope>>,
  project: string,
): ExplainedError | undefined {
  const told = isTooLong(message) ? TOO_LONG : redact(message, project)
  if (told === message) return undefined
  return { status, type: type as ExplainedError['type'], message: told }
}

/** The statuses of `google.rpc.Code` that say more than their HTTP status, or something else. */
const STATUSES: Readonly<Record<string, Pick<ExplainedError, 'status' | 'type'>>> = {
  INVALID_ARGUMENT: typeOf(400),
  FAILED_PRECONDITION: typeOf(400),
  OUT_OF_RANGE: typeOf(400),
  UNAUTHENTICATED: typeOf(401),
  PERMISSION_DENIED: typeOf(403),
  NOT_FOUND: typeOf(404),
  RESOURCE_EXHAUSTED: typeOf(429),
  DEADLINE_EXCEEDED: typeOf(504),
  UNAVAILABLE: typeOf(529),
  INTERNAL: typeOf(500),
}

/** Claude Code drops old images and compacts the conversation for exactly this text, and gives up for any other. */
const TOO_LONG = 'Input is too long.'

function isTooLong(message: string): boolean {
  return /\b(request|message) size\b.*\bexceeds\b/is.test(message)
}

/** Takes addresses, project ids and project numbers out of a text that a developer gets to read. */
function redact(text: string, project: string): string {
  return text
    .replace(/\bhttps?:\/\/[^\s"'`<>)\]]+/gi, '(address)')
    .replace(/\bprojects\/[^/\s"'`]+/gi, 'projects/(project)')
    .replace(/\b(project(?:_number|_id)?[\s:='"`#]{1,4})\d{6,}/gi, '$1(project)')
    .replaceAll(project, '(project)')
}

/** `google.rpc.RetryInfo` says `"retryDelay": "12.5s"`. */
function retryDelay(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined
  for (const detail of details) {
    const delay = isObject(detail) ? detail['retryDelay'] : undefined
    const seconds = typeof delay === 'string' ? /^(\d{1,6})(?:\.\d{1,9})?s$/.exec(delay) : null
    if (seconds !== null) return Math.max(1, Math.ceil(Number.parseFloat(seconds[0])))
  }
  return undefined
}

function parse(text: string): unknown {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

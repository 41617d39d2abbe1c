import { createHash } from 'node:crypto'
import { sessionKey } from '../core/session-key.ts'
import type { ClientEvent } from '../store/client-events.ts'
import type { Reporter } from './reporter.ts'
import { attributesOf, below, momentOf, type Scalar, scalarOf } from './read-values.ts'

/** What a request came to, and what of it was not taken. */
export interface Taken<Item> {
  readonly items: readonly Item[]
  readonly rejected: number
  /** Why; for the first of them. */
  readonly problem: string | undefined
}

/** Of one request; Claude Code sends what happened within five seconds. */
const EVENTS_MAX = 5_000

/**
 * Names of attributes whose text is kept, because they name things and say nothing. All other texts may be what somebody wrote (prompts,
 * commands, paths, messages of errors) and are not kept here at all: requests and answers are kept once, where they are sealed, masked,
 * expire and can be deleted. Numbers, and yes or no, are kept under every name.
 */
const NAMES_OF_THINGS: ReadonlySet<string> = new Set([
  'agent.id',
  'agent.name',
  'agent.source',
  'agent_id',
  'agent_type',
  'anthropic.provider',
  'app.version',
  'decision',
  'decision_source',
  'decision_type',
  'effort',
  'enabled_via',
  'error_type',
  'final_model',
  'language',
  'mcp_server_scope',
  'message.uuid',
  'model',
  'permission_mode',
  'prompt.id',
  'query_source',
  'request_id',
  'source',
  'speed',
  'status',
  'status_code',
  'terminal.type',
  'tool_name',
  'tool_source',
  'tool_use_id',
  'type',
])

const NAME = /^[\w.-]{1,64}$/
const CHARACTERS_MAX = 128

/** Events out of log records. The same record is always the same event, so that one that is sent again counts once. */
export function readEvents(items: readonly unknown[], by: Reporter, now: number): Taken<ClientEvent> {
  const records = below(items, 'scopeLogs', 'logRecords')
  const events: ClientEvent[] = []
  for (const record of records.slice(0, EVENTS_MAX)) {
    const event = readEvent(record, by, now)
    if (event !== undefined) events.push(event)
  }
  const rejected = records.length - events.length
  return {
    items: events,
    rejected,
    problem:
      rejected === 0
        ? undefined
        : `Events have a name and are of the last thirty days; ${EVENTS_MAX} are taken at once.`,
  }
}

function readEvent(record: Readonly<Record<string, unknown>>, by: Reporter, now: number): ClientEvent | undefined {
  const attributes = attributesOf(record)
  const named = [attributes.get('event.name'), record['eventName'], scalarOf(record['body'])]
  const name = named.find(isText)?.replace(/^claude_code\./, '') ?? ''
  const nanos = isSet(record['timeUnixNano']) ? record['timeUnixNano'] : record['observedTimeUnixNano']
  const at = momentOf(nanos, now)
  if (!NAME.test(name) || at === undefined) return undefined
  const session = attributes.get('session.id')
  const requestId = attributes.get('request_id')
  const kept = JSON.stringify(Object.fromEntries(keep(attributes)))
  const own = typeof session === 'string' && session !== '' ? session.slice(0, 128) : undefined
  return {
    id: eventId([by.keyId, String(nanos), name, own ?? '', kept]),
    organisationId: by.organisationId,
    workspaceId: by.workspaceId,
    keyId: by.keyId,
    userId: by.userId,
    name,
    sessionKey: own === undefined ? undefined : sessionKey(by.workspaceId, by.userId ?? by.keyId, own),
    requestId: typeof requestId === 'string' && /^req_[\da-f]{32}$/.test(requestId) ? requestId : undefined,
    at,
    attributes: kept,
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isSet(nanos: unknown): boolean {
  return nanos !== undefined && nanos !== '0' && nanos !== 0
}

function keep(attributes: ReadonlyMap<string, Scalar>): [string, Scalar][] {
  return [...attributes]
    .filter(([name]) => NAME.test(name) && name !== 'event.name')
    .flatMap(([name, value]): [string, Scalar][] => {
      if (typeof value !== 'string' || isMeasure(name, value)) return [[name, value]]
      if (!NAMES_OF_THINGS.has(name)) return []
      return [[name, value.replaceAll(/\p{Cc}/gu, ' ').slice(0, CHARACTERS_MAX)]]
    })
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
}

/** Claude Code sends many numbers as text. A prompt may be a number as well, so the name has to be one of something that is measured. */
function isMeasure(name: string, text: string): boolean {
  return MEASURES.test(name) && /^(-?\d{1,15}(\.\d{1,15})?|true|false)$/.test(text)
}

const MEASURES = /(^|[._])(attempts?|bytes|count|length|micros|mode|ms|retries|sequence|size|success|tokens|usd|uses)$/

function eventId(parts: readonly string[]): string {
  return `cev_${createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32)}`
}

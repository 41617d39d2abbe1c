import { createHash } from 'node:crypto'
import { readTags } from '../documents.ts'
import { bucketOf } from '../latency-buckets.ts'
import { storableText } from '../storable-text.ts'
import type { Calendar, HourAndDay } from './hour-and-day.ts'
import { COUNT_COLUMNS, SUM_TABLES, USAGE_COLUMNS, type SumTable, type Value } from './tables.ts'

/** Rows that were just inserted, added up in memory, so that a batch changes each row of a roll-up once. */
export interface Tally {
  /** Its spend and its tokens. */
  addCall(call: CallFacts): void
  /** How often what happened; its tags and its session. */
  addExchange(exchange: ExchangeFacts, parts?: ExchangeParts): void
  /** What to add to which table, in the one order in which everybody writes: whoever waits for a row, nobody waits for them. */
  additions(): readonly Addition[]
}

export interface Addition {
  readonly table: SumTable
  /** Values in the order of the table's columns, no two rows with the same key. */
  readonly rows: readonly (readonly Value[])[]
}

/** What of an exchange is added up. While tags alone are built anew, the rest stands already; sessions are never built anew. */
export interface ExchangeParts {
  readonly usage: boolean
  readonly tags: boolean
  readonly session: boolean
}

export const ALL_PARTS: ExchangeParts = { usage: true, tags: true, session: true }

type Usage = Readonly<Record<Exclude<(typeof USAGE_COLUMNS)[number], 'cost_nanos'>, number>> & {
  /** As digits where it came through JSON. */
  readonly cost_nanos: bigint | number | string
}

/** Of a row of `ledger_calls`. */
export interface CallFacts extends Usage {
  readonly organisation_id: string
  readonly workspace_id: string
  readonly key_id: string
  readonly user_id: string | null
  readonly provider_slug: string
  readonly model: string
  readonly model_served: string | null
  readonly opened_at: number
  readonly received_at: number | null
  readonly project: string | null
  readonly request_class: string | null
}

/** Of a row of `exchanges`. */
export interface ExchangeFacts extends Usage {
  readonly endpoint: string
  readonly received_at: number
  readonly organisation_id: string | null
  readonly workspace_id: string | null
  readonly key_id: string | null
  readonly user_id: string | null
  readonly metadata: string
  readonly client: string | null
  readonly client_version: string | null
  readonly session_id: string | null
  readonly session_key: string | null
  readonly project: string | null
  readonly request_class: string | null
  readonly model_asked: string | null
  readonly model_served: string | null
  readonly provider_slug: string | null
  readonly attempts: number
  readonly retries: number
  readonly cache_status: string | null
  readonly route: string
  readonly status: number
  readonly outcome: string
  readonly interrupted_by: string | null
  readonly first_token_ms: number | null
  readonly total_ms: number
  readonly overhead_ms: number | null
  readonly source: string
}

/** The columns that a tally reads, for whoever has rows as lists of values. */
export const CALL_FACTS = [
  'organisation_id',
  'workspace_id',
  'key_id',
  'user_id',
  'provider_slug',
  'model',
  'model_served',
  'opened_at',
  'received_at',
  'project',
  'request_class',
  ...USAGE_COLUMNS,
] as const satisfies readonly (keyof CallFacts)[]

export const EXCHANGE_FACTS = [
  'endpoint',
  'received_at',
  'organisation_id',
  'workspace_id',
  'key_id',
  'user_id',
  'metadata',
  'client',
  'client_version',
  'session_id',
  'session_key',
  'project',
  'request_class',
  'model_asked',
  'model_served',
  'provider_slug',
  'attempts',
  'retries',
  'cache_status',
  'route',
  'status',
  'outcome',
  'interrupted_by',
  'first_token_ms',
  'total_ms',
  'overhead_ms',
  'source',
  ...USAGE_COLUMNS,
] as const satisfies readonly (keyof ExchangeFacts)[]

/** Numbers under a key; the cost apart, because it may pass what a number holds. */
interface Sum {
  readonly keys: readonly Value[]
  /** The day that it belongs to, where it is an hour. */
  readonly day: number
  readonly numbers: number[]
  cost: bigint
}

/** The places of the counts among a sum's numbers; those of the usage follow. */
const [REQUESTS, ERRORS, INTERRUPTED, CACHE_HITS, RETRIED, FELL_BACK, CALLS] = COUNT_COLUMNS.map((_, at) => at) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]
const FIRST_USAGE = COUNT_COLUMNS.length
const NUMBERS = COUNT_COLUMNS.length + USAGE_COLUMNS.length - 1
const USAGE_NUMBERS = USAGE_COLUMNS.slice(0, -1) as readonly Exclude<(typeof USAGE_COLUMNS)[number], 'cost_nanos'>[]

/** A tally in a zone's hours and days. `isKnown` says of a series whether it stands in the table for sure. */
export function createTally(calendar: Calendar, isKnown: (series: string) => boolean = () => false): Tally {
  const series = new Map<string, readonly Value[]>()
  const usage = new Map<string, Sum>()
  const latency = new Map<string, { readonly keys: readonly Value[]; readonly day: number; requests: number }>()
  const tags = new Map<string, Sum>()
  const sessions = new Map<string, Session>()

  return {
    addCall(call) {
      const model = storableText(call.model_served ?? call.model)
      const sum = usageSum(call, model, call.provider_slug, calendar(call.received_at ?? call.opened_at))
      sum.numbers[CALLS]!++
      addUsage(sum, call)
    },
    addExchange(exchange, parts = ALL_PARTS) {
      if (exchange.organisation_id === null) return
      const when = calendar(exchange.received_at)
      if (parts.usage) countExchange(exchange, when)
      if (parts.tags && exchange.metadata !== '{}') countTags(exchange, when)
      if (parts.session && exchange.session_key !== null) addToSession(exchange, exchange.session_key)
    },
    additions: () =>
      [
        addition(
          SUM_TABLES.series,
          [...series].filter(([, [id]]) => !isKnown(id as string)),
        ),
        addition(SUM_TABLES.usageHours, rowsOf(usage)),
        addition(SUM_TABLES.usageDays, rowsOf(toDays(usage))),
        addition(SUM_TABLES.latencyHours, latencyRows()),
        addition(SUM_TABLES.latencyDays, latencyDayRows()),
        addition(SUM_TABLES.tagDays, rowsOf(tags)),
        addition(
          SUM_TABLES.sessions,
          [...sessions].map(([key, session]) => [key, sessionRow(session)]),
        ),
      ].filter(({ rows }) => rows.length > 0),
  }

  function countExchange(exchange: ExchangeFacts, when: HourAndDay): void {
    const isHandedIn = exchange.source === 'api'
    if (!isRequest(exchange) && !isHandedIn) return
    const model = modelOf(exchange)
    const sum = usageSum(exchange, model, exchange.provider_slug ?? '', when)
    count(sum.numbers, exchange)
    // Nobody else tells of a call that was made without the gateway.
    if (isHandedIn) addUsage(sum, exchange)
    if (isRequest(exchange) && isSuccess(exchange)) countTimes(exchange, model, when)
  }

  function usageSum(
    row: Pick<CallFacts, 'user_id' | 'project' | 'request_class'> & Owners,
    model: string,
    provider: string,
    { hour, day }: HourAndDay,
  ): Sum {
    const { organisation_id: organisation, workspace_id: workspace, user_id: user, key_id: key } = row
    const project = storableText(row.project ?? '')
    const requestClass = row.request_class ?? ''
    // Free text comes last, and with its length, so that no two series are written alike.
    const name =
      `${organisation}\n${workspace ?? ''}\n${user ?? ''}\n${key ?? ''}\n${provider}\n${requestClass}\n` +
      `${project.length}\n${project}\n${model}`
    let known = series.get(name)
    if (known === undefined) {
      const parts = [organisation, workspace, project, user, key, model, provider, requestClass]
      known = [seriesId(name), ...parts.map((part) => part ?? '')]
      series.set(name, known)
    }
    return sumUnder(usage, `${hour}\n${known[0] as string}`, day, () => [hour, known[0]!])
  }

  function countTimes(exchange: ExchangeFacts, model: string, { hour, day }: HourAndDay): void {
    const { organisation_id: organisation, workspace_id: workspace, provider_slug: provider } = exchange
    for (const [metric, ms] of [
      ['total', exchange.total_ms],
      ['first_token', exchange.first_token_ms],
      ['overhead', exchange.overhead_ms],
    ] as const) {
      if (ms === null) continue
      const bucket = bucketOf(ms)
      const name = `${hour}\n${workspace}\n${provider}\n${metric}\n${bucket}\n${model}`
      const known = latency.get(name)
      if (known !== undefined) known.requests++
      else {
        const keys = [hour, workspace ?? '', provider ?? '', model, metric, bucket, organisation!]
        latency.set(name, { keys, day, requests: 1 })
      }
    }
  }

  function countTags(exchange: ExchangeFacts, { day }: HourAndDay): void {
    const { organisation_id: organisation, workspace_id, user_id, key_id } = exchange
    for (const [name, value] of Object.entries(readTags(exchange.metadata))) {
      const keys = [storableText(name), day, storableText(value), workspace_id ?? '', user_id ?? '', key_id ?? '']
      const sum = sumUnder(tags, JSON.stringify(keys), day, () => [...keys, organisation])
      count(sum.numbers, exchange)
      sum.numbers[CALLS]! += exchange.attempts
      addUsage(sum, exchange)
    }
  }

  function addToSession(exchange: ExchangeFacts, id: string): void {
    const session = sessions.get(id)
    if (session === undefined) {
      const sum: Sum = { keys: [], day: 0, numbers: new Array<number>(NUMBERS).fill(0), cost: 0n }
      sessions.set(id, addToSums({ id, first: exchange, sum, startedAt: Infinity, lastAt: -Infinity }, exchange))
      return
    }
    const { first } = session
    const isFirst = exchange.received_at < session.startedAt || first.session_id === null
    if (isFirst && exchange.session_id !== null) session.first = exchange
    addToSums(session, exchange)
  }

  function latencyRows(): Keyed[] {
    return [...latency].map(([key, { keys, requests }]) => [key, [...keys, requests]])
  }

  function latencyDayRows(): Keyed[] {
    const days = new Map<string, { readonly keys: readonly Value[]; requests: number }>()
    for (const [key, { keys, day, requests }] of latency) {
      const name = `${day}${key.slice(key.indexOf('\n'))}`
      const known = days.get(name)
      if (known !== undefined) known.requests += requests
      else days.set(name, { keys: [day, ...keys.slice(1)], requests })
    }
    return [...days].map(([key, { keys, requests }]) => [key, [...keys, requests]])
  }
}

interface Owners {
  readonly organisation_id: string | null
  readonly workspace_id: string | null
  readonly key_id: string | null
}

/** A session's share in this batch. */
interface Session {
  readonly id: string
  /** The earliest one that tells what the client said of itself. */
  first: ExchangeFacts
  readonly sum: Sum
  startedAt: number
  lastAt: number
}

/** A row of a table with what it is sorted by. */
type Keyed = readonly [key: string, row: readonly Value[]]

/** Token counts and probes are in the rows only; what probes cost is in the sums of calls. */
function isRequest({ endpoint, request_class: requestClass }: ExchangeFacts): boolean {
  return endpoint === 'messages' && requestClass !== 'probe'
}

/** As it will be written: two keys that would become one in a table are one from the beginning. */
function modelOf(exchange: ExchangeFacts): string {
  return storableText(exchange.model_served ?? exchange.model_asked ?? '')
}

function count(numbers: number[], exchange: ExchangeFacts): void {
  if (!isRequest(exchange)) return
  const { status, outcome, interrupted_by: by, route } = exchange
  const isInterrupted = outcome === 'interrupted'
  numbers[REQUESTS]!++
  if (status >= 400 || (isInterrupted && by !== 'client')) numbers[ERRORS]!++
  if (isInterrupted) numbers[INTERRUPTED]!++
  if (exchange.cache_status === 'HIT') numbers[CACHE_HITS]!++
  if (!isSuccess(exchange)) return
  // Quotation marks inside a reason would be escaped: this is a result and nothing else.
  if (exchange.retries > 0 || route.includes('"result":"retried"')) numbers[RETRIED]!++
  if (route.includes('"result":"failed"') || route.includes('"result":"skipped"')) numbers[FELL_BACK]!++
}

function isSuccess({ status, outcome }: ExchangeFacts): boolean {
  return outcome === 'completed' && status < 400
}

function addUsage(sum: Sum, usage: Usage): void {
  const { numbers } = sum
  for (let at = 0; at < USAGE_NUMBERS.length; at++) numbers[FIRST_USAGE + at]! += usage[USAGE_NUMBERS[at]!]
  sum.cost += BigInt(usage.cost_nanos)
}

function addToSums(session: Session, exchange: ExchangeFacts): Session {
  session.startedAt = Math.min(session.startedAt, exchange.received_at)
  session.lastAt = Math.max(session.lastAt, exchange.received_at)
  count(session.sum.numbers, exchange)
  addUsage(session.sum, exchange)
  return session
}

function sessionRow({ id, first, sum, startedAt, lastAt }: Session): readonly Value[] {
  const { numbers, cost } = sum
  return [
    id,
    first.organisation_id,
    first.workspace_id,
    first.user_id,
    first.session_id ?? '',
    first.key_id,
    first.project,
    first.client,
    first.client_version,
    startedAt,
    lastAt,
    numbers[REQUESTS]!,
    numbers[ERRORS]!,
    ...numbers.slice(FIRST_USAGE),
    cost,
  ]
}

function sumUnder(sums: Map<string, Sum>, name: string, day: number, keys: () => readonly Value[]): Sum {
  let sum = sums.get(name)
  if (sum === undefined) {
    sum = { keys: keys(), day, numbers: new Array<number>(NUMBERS).fill(0), cost: 0n }
    sums.set(name, sum)
  }
  return sum
}

function toDays(hours: ReadonlyMap<string, Sum>): Map<string, Sum> {
  const days = new Map<string, Sum>()
  for (const { keys, day, numbers, cost } of hours.values()) {
    const series = keys[1]!
    const sum = sumUnder(days, `${day}\n${series as string}`, day, () => [day, series])
    for (let at = 0; at < NUMBERS; at++) sum.numbers[at]! += numbers[at]!
    sum.cost += cost
  }
  return days
}

function rowsOf(sums: ReadonlyMap<string, Sum>): Keyed[] {
  return [...sums].map(([key, { keys, numbers, cost }]) => [key, [...keys, ...numbers, cost]])
}

function addition(table: SumTable, keyed: readonly Keyed[]): Addition {
  return { table, rows: keyed.toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row) }
}

/** Half a hash is more than enough to tell series apart, and short enough to stand in every hour and day. */
function seriesId(name: string): string {
  return createHash('sha256').update(name).digest('base64url').slice(0, 22)
}

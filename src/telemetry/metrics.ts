import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { countCalls } from './count-calls.ts'
import type { CountedExchange } from './counted-exchange.ts'
import { createLabelBound } from './label-bound.ts'
import type { ExportNumbers } from './otel/export-exchanges.ts'
import { type Tally, createTallies } from './tallies.ts'

/*
 * Numbers for Prometheus. Everything that is counted comes from the record of an exchange, which is written when the exchange is over;
 * everything that stands is looked up when somebody asks. Nothing is measured on the way of a request.
 */

export interface Metrics {
  /** A recorder that counts what passes through it. */
  watch<Record extends CountedExchange>(recorder: RecorderOf<Record>): RecorderOf<Record>
  /** The text that Prometheus reads, and its content type. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** Whoever takes records of exchanges. */
interface RecorderOf<Record> {
  record(record: Record): void
}

/** Where the standing values are looked up, each time somebody asks. */
export interface MetricsParts {
  readonly version: string
  /** Kind of a workspace's provider; undefined for one that is gone. */
  readonly kindOf: (workspaceId: string, providerSlug: string) => string | undefined
  readonly books: () => BooksNumbers
  readonly answers: () => AnswersNumbers
  readonly content: () => ContentNumbers
  /** Of the export over OpenTelemetry; undefined where there is none. */
  readonly exported: () => ExportNumbers | undefined
  /** Of what clients told of themselves, by `logs` and `metrics`; see client-telemetry/register-otlp.ts. */
  readonly toldByClients: () => Readonly<Record<string, ToldNumbers>>
  /** Of what only the store knows. Where it cannot be read, there are no lines. */
  readonly stored: () => Promise<StoredNumbers>
  readonly budgets: () => BudgetsNumbers
  readonly circuits: () => readonly CircuitGauge[]
  /** Exchanges under way. */
  readonly running: () => number
}

/** Of the books what is shown here; see `BooksStats` in records/books.ts. */
export interface BooksNumbers {
  readonly ledger: { readonly openCalls: number; readonly lateClosings: number }
  readonly calls: RowsNumbers
  readonly exchanges: RowsNumbers
  readonly journal: {
    readonly files: number
    readonly bytes: number
    readonly appendFailures: number
    readonly syncFailures: number
    readonly tornLines: number
  }
}

interface RowsNumbers {
  readonly pending: number
  readonly leftInJournal: number
  readonly written: number
  readonly dropped: number
  readonly refused: number
}

/** Of the cache what is shown here; see `AnswerCacheStats` in cache/answer-cache.ts. */
export interface AnswersNumbers {
  readonly answers: number
  readonly bytes: number
  readonly pending: number
  readonly dropped: number
  readonly failures: number
}

/** Of what is kept of content; see `BodiesStats` in records/bodies/create-transcripts.ts. Counts are since the start. */
export interface ContentNumbers {
  readonly kept: number
  readonly dropped: number
  readonly lost: number
  readonly rawBytes: number
  readonly storedBytes: number
  readonly queueBytes: number
  readonly restarts: number
}

/** Events or data points since the start; `refused` are whole requests. */
export interface ToldNumbers {
  readonly taken: number
  readonly rejected: number
  readonly refused: number
}

export interface StoredNumbers {
  /** Whether sums of usage are still being built from rows. */
  readonly isBuildingRollUps: boolean
  /** Exports of records by their status. */
  readonly exports: Readonly<Record<string, number>>
}

/** Of budgets what is shown here; see `BudgetStats` in limits/create-budgets.ts. */
export interface BudgetsNumbers {
  readonly buckets: number
  readonly runningHolds: number
  readonly overflowed: number
}

/** Of a circuit what is shown here; see `CircuitReport` in routing/breaker.ts. */
export interface CircuitGauge {
  readonly provider: string
  readonly model: string
  readonly state: 'closed' | 'half-open' | 'open'
}

const STATES = { closed: 0, 'half-open': 1, open: 2 } as const

/** Prometheus keeps a series for every combination it has ever seen, so words from outside are limited in number. */
const PROVIDERS_MAX = 200
const MODELS_MAX = 200

/** Milliseconds. Answers of models take from half a second to many minutes. */
const REQUEST_BUCKETS = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000]
/** Milliseconds. What a gateway adds should fit into the first ones. */
const OVERHEAD_BUCKETS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024]

/** Names and labels as Portkey's gateway has them where it counts the same; all others begin with `portcullis_`. */
export function createMetrics(parts: MetricsParts): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const tallies = createTallies(createExchangeCounters(registry))
  lookUp(parts, registry)
  new Gauge({
    name: 'portcullis_build_info',
    help: 'The running version, as a label; always 1.',
    labelNames: ['version'],
    registers,
  }).set({ version: parts.version }, 1)

  return {
    watch: (recorder) => ({
      record(record) {
        recorder.record(record)
        tallies.add(record, kindOf(record, parts))
      },
    }),
    async expose() {
      tallies.flush()
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}

function kindOf({ workspaceId, providerSlug }: CountedExchange, parts: MetricsParts): string {
  if (workspaceId === undefined || providerSlug === undefined) return 'none'
  return parts.kindOf(workspaceId, providerSlug) ?? 'gone'
}

/** What is added up from records. */
function createExchangeCounters(registry: Registry): (tally: Tally) => void {
  const registers = [registry]
  const boundProvider = createLabelBound(PROVIDERS_MAX)
  const boundModel = createLabelBound(MODELS_MAX)

  const requests = new Counter({
    name: 'request_count',
    help: 'Exchanges by endpoint, status that the client saw, kind of provider, stream or not, and what the cache did.',
    labelNames: ['method', 'endpoint', 'code', 'provider', 'stream', 'cacheStatus'],
    registers,
  })
  const durations = new Histogram({
    name: 'portkey_request_duration_milliseconds',
    help: 'From the arrival of a request to the last byte of its answer.',
    labelNames: ['endpoint', 'provider', 'stream'],
    buckets: REQUEST_BUCKETS,
    registers,
  })
  const overheads = new Histogram({
    name: 'portkey_processing_time_excluding_last_byte_ms',
    help: 'What the gateway itself added: from the last byte of the request until it left, and from the last byte of the answer until the end.',
    labelNames: ['endpoint', 'provider', 'stream'],
    buckets: OVERHEAD_BUCKETS,
    registers,
  })
  const firstTokens = new Histogram({
    name: 'portcullis_first_token_milliseconds',
    help: 'From the arrival of a request to the first content of its answer.',
    labelNames: ['provider'],
    buckets: REQUEST_BUCKETS,
    registers,
  })
  const tokens = new Counter({
    name: 'llm_token_sum',
    help: 'Tokens by kind.',
    labelNames: ['provider', 'provider_slug', 'model', 'type'],
    registers,
  })
  const cost = new Counter({
    name: 'llm_cost_sum',
    help: 'Cost in US cents, as the ledger has it.',
    labelNames: ['provider', 'provider_slug', 'model'],
    registers,
  })
  const interruptions = new Counter({
    name: 'portcullis_interruptions_total',
    help: 'Answers that began and were not whole, by who ended them.',
    labelNames: ['by'],
    registers,
  })
  const errors = new Counter({
    name: 'portcullis_errors_total',
    help: 'Exchanges that ended with an error of the gateway, by its code.',
    labelNames: ['code'],
    registers,
  })
  const calls = new Counter({
    name: 'portcullis_upstream_calls_total',
    help: 'Calls to providers, by what came of them.',
    labelNames: ['provider_slug', 'outcome'],
    registers,
  })
  const retries = new Counter({
    name: 'portcullis_retries_total',
    help: 'Calls that were made again at the same target.',
    labelNames: ['provider_slug'],
    registers,
  })
  const switches = new Counter({
    name: 'portcullis_target_switches_total',
    help: 'Times that a target was left for the next one, by the provider that was left.',
    labelNames: ['provider_slug'],
    registers,
  })
  const skips = new Counter({
    name: 'portcullis_targets_skipped_total',
    help: 'Targets that were passed over without a call: open circuits, and those that cannot serve the request.',
    labelNames: ['provider_slug'],
    registers,
  })

  return function count({ like: record, kind, exchanges, usage, costNanos, ...tally }) {
    const { endpoint } = record
    const slug = boundProvider(record.providerSlug ?? 'none')
    const stream = String(record.streaming)
    const labels = { endpoint, provider: kind, stream }
    const counted = { method: 'POST', ...labels, code: record.status, cacheStatus: record.cacheStatus ?? 'DISABLED' }
    requests.inc(counted, exchanges)
    for (const ms of tally.totalMs) durations.observe(labels, ms)
    for (const ms of tally.overheadMs) overheads.observe(labels, ms)
    for (const ms of tally.firstTokenMs) firstTokens.observe({ provider: kind }, ms)
    if (record.interruptedBy !== undefined) interruptions.inc({ by: record.interruptedBy }, exchanges)
    if (record.errorCode !== undefined) errors.inc({ code: record.errorCode }, exchanges)

    const made = countCalls(record)
    for (const { provider, outcome } of made.calls) {
      calls.inc({ provider_slug: boundProvider(provider), outcome }, exchanges)
    }
    for (const provider of made.retried) retries.inc({ provider_slug: boundProvider(provider) }, exchanges)
    for (const provider of made.left) switches.inc({ provider_slug: boundProvider(provider) }, exchanges)
    for (const provider of made.skipped) skips.inc({ provider_slug: boundProvider(provider) }, exchanges)

    if (record.attempts === 0) return
    const served = { provider: kind, provider_slug: slug, model: boundModel(record.modelServed ?? 'unknown') }
    for (const [type, amount] of [
      ['input', usage.input],
      ['output', usage.output],
      ['cache_read', usage.cacheRead],
      ['cache_write_5m', usage.cacheWrite5m],
      ['cache_write_1h', usage.cacheWrite1h],
    ] as const) {
      if (amount > 0) tokens.inc({ ...served, type }, amount)
    }
    // A number is exact enough here; the ledger has the sum to the last nano-dollar.
    if (costNanos > 0n) cost.inc(served, Number(costNanos) / 1e7)
  }
}

/** What is looked up when somebody asks. */
function lookUp(parts: MetricsParts, registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  gauge('portcullis_exchanges_running', 'Exchanges under way.', parts.running)
  gauge('portcullis_cache_answers', 'Answers in the memory of the cache.', () => parts.answers().answers)
  gauge('portcullis_cache_bytes', 'Bytes of answers in the memory of the cache.', () => parts.answers().bytes)
  gauge('portcullis_cache_pending', 'Answers that wait to be written to the store.', () => parts.answers().pending)
  gauge(
    'portcullis_cache_dropped',
    'Answers that were not written since the start because too many waited.',
    () => parts.answers().dropped,
  )
  gauge(
    'portcullis_cache_failures',
    'Reads and writes of the cache that the store failed since the start.',
    () => parts.answers().failures,
  )
  gauge('portcullis_budget_holds', 'Calls for which budgets hold something.', () => parts.budgets().runningHolds)
  gauge('portcullis_budget_buckets', 'Buckets of budgets that are counted one by one.', () => parts.budgets().buckets)
  gauge(
    'portcullis_budget_overflows',
    'Calls since the start that went to the shared bucket of a policy with too many values.',
    () => parts.budgets().overflowed,
  )
  gauge('portcullis_ledger_open_calls', 'Upstream calls in the ledger that have not ended.', () => {
    return parts.books().ledger.openCalls
  })
  gauge('portcullis_ledger_late_closings', 'Ends of calls that wait because the journal could not take them.', () => {
    return parts.books().ledger.lateClosings
  })
  gauge('portcullis_journal_files', 'Files of the journal.', () => parts.books().journal.files)
  gauge('portcullis_journal_bytes', 'Bytes of the journal.', () => parts.books().journal.bytes)
  gauge('portcullis_journal_append_failures', 'Lines that the journal could not take since the start.', () => {
    return parts.books().journal.appendFailures
  })
  gauge('portcullis_journal_sync_failures', 'Times that the journal could not be synced since the start.', () => {
    return parts.books().journal.syncFailures
  })
  gauge('portcullis_journal_torn_lines', 'Lines of the journal that were found spoilt.', () => {
    return parts.books().journal.tornLines
  })
  gauge('portcullis_content_queue_bytes', 'Bytes of content that wait to be written.', () => parts.content().queueBytes)
  gauge('portcullis_content_raw_bytes', 'Bytes of the content that was kept since the start, as it was sent.', () => {
    return parts.content().rawBytes
  })
  gauge(
    'portcullis_content_stored_bytes',
    'Bytes that it takes up where it is kept.',
    () => parts.content().storedBytes,
  )
  gauge('portcullis_content_restarts', 'Times that the thread which keeps content was started again.', () => {
    return parts.content().restarts
  })
  lookUpContent(parts, registry)
  lookUpExport(parts, registry)
  lookUpTold(parts, registry)
  lookUpStored(parts, registry)
  lookUpDrains(parts, registry)
  lookUpCircuits(parts, registry)
}

/** What became of the content of exchanges. */
function lookUpContent({ content }: MetricsParts, registry: Registry): void {
  new Gauge({
    name: 'portcullis_content_bodies',
    help: 'Requests, answers and what stood around them since the start: kept, dropped because too much waited, lost to a failure.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { kept, dropped, lost } = content()
      this.set({ state: 'kept' }, kept)
      this.set({ state: 'dropped' }, dropped)
      this.set({ state: 'lost' }, lost)
    },
  })
}

/** Where nobody exports, there is no line. */
function lookUpExport({ exported }: MetricsParts, registry: Registry): void {
  new Gauge({
    name: 'portcullis_telemetry_exchanges',
    help: 'Exchanges told over OpenTelemetry: pending wait now; exported, dropped because too many waited and failed at the collector count since the start.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [state, exchanges] of Object.entries(exported() ?? {})) this.set({ state }, exchanges)
    },
  })
}

function lookUpTold({ toldByClients }: MetricsParts, registry: Registry): void {
  new Gauge({
    name: 'portcullis_client_telemetry',
    help: 'Telemetry of clients since the start: events (logs) and data points (metrics) that were taken and rejected, and requests that were refused.',
    labelNames: ['signal', 'state'],
    registers: [registry],
    collect() {
      for (const [signal, numbers] of Object.entries(toldByClients())) {
        for (const [state, count] of Object.entries(numbers)) this.set({ signal, state }, count)
      }
    },
  })
}

/** A scrape asks for both at once, and shares one look into the store. */
function lookUpStored({ stored }: MetricsParts, registry: Registry): void {
  let looking: Promise<StoredNumbers | undefined> | undefined
  const look = () =>
    (looking ??= stored()
      .catch(() => undefined)
      .finally(() => {
        looking = undefined
      }))
  new Gauge({
    name: 'portcullis_rollups_building',
    help: '1 while sums of usage are being built from rows; charts say so meanwhile.',
    registers: [registry],
    async collect() {
      const numbers = await look()
      this.remove()
      if (numbers !== undefined) this.set(numbers.isBuildingRollUps ? 1 : 0)
    },
  })
  new Gauge({
    name: 'portcullis_log_exports',
    help: 'Exports of records, by status.',
    labelNames: ['status'],
    registers: [registry],
    async collect() {
      const numbers = await look()
      this.reset()
      for (const [status, count] of Object.entries(numbers?.exports ?? {})) this.set({ status }, count)
    },
  })
}

/** The way of rows from the journal into the store, for both tables. */
function lookUpDrains({ books }: MetricsParts, registry: Registry): void {
  new Gauge({
    name: 'portcullis_rows',
    help: 'Rows on their way into the store, by table: pending and left_in_journal wait now; written, dropped and refused count since the start.',
    labelNames: ['table', 'state'],
    registers: [registry],
    collect() {
      const { calls, exchanges } = books()
      for (const [table, stats] of [
        ['ledger_calls', calls],
        ['exchanges', exchanges],
      ] as const) {
        this.set({ table, state: 'pending' }, stats.pending)
        this.set({ table, state: 'left_in_journal' }, stats.leftInJournal)
        this.set({ table, state: 'written' }, stats.written)
        this.set({ table, state: 'dropped' }, stats.dropped)
        this.set({ table, state: 'refused' }, stats.refused)
      }
    },
  })
}

/** Only of circuits that are remembered now: one that was forgotten leaves no line behind. */
function lookUpCircuits({ circuits }: MetricsParts, registry: Registry): void {
  new Gauge({
    name: 'portcullis_circuit_state',
    help: 'Circuits by provider and model: 0 closed, 1 half open, 2 open. The worst of them where several have the same names.',
    labelNames: ['provider_slug', 'model'],
    registers: [registry],
    collect() {
      this.reset()
      const boundProvider = createLabelBound(PROVIDERS_MAX)
      const boundModel = createLabelBound(MODELS_MAX)
      for (const { provider, model, state } of circuits().toSorted(byState)) {
        this.set({ provider_slug: boundProvider(provider), model: boundModel(model) }, STATES[state])
      }
    },
  })
}

/** The worst last, so that its value is the one that stands. */
function byState(one: CircuitGauge, other: CircuitGauge): number {
  return STATES[one.state] - STATES[other.state]
}

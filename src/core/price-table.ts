import { parseDollars, type Nanos } from './money.ts'

/**
 * A price table, checked and indexed. Its JSON form is meant to be read and edited by people: amounts are decimal strings
 * of US dollars, so that every rate is an exact integer of nano-dollars in here.
 *
 * ```jsonc
 * {
 *   "format": 1,
 *   "webSearch": "0.01",                      // each; no factor applies
 *   "factors": {                              // on all kinds of tokens; those that apply are multiplied
 *     "region": "1.1",                        // for processing that is bound to a region
 *     "speeds": { "fast": "2" },              // by `usage.speed`
 *     "serviceTiers": { "batch": "0.5" }      // by `usage.service_tier`; fast and batch exclude each other
 *   },
 *   "regions": {                              // by provider kind: what tells that an answer was bound to a region
 *     "anthropic": { "geographies": ["us"] }, // these values of `usage.inference_geo`
 *     "bedrock": { "globalPrefix": "global." } // any model id that does not begin so
 *   },
 *   "models": [
 *     {
 *       "id": "claude-haiku-5-5",
 *       "names": [],                          // optional: other names that no rule reduces to the id
 *       "regional": ["anthropic", "bedrock"], // provider kinds on which the region's factor applies
 *       "rates": [                            // per million tokens
 *         { "input": "0.1", "cacheWrite5m": "0.125", "cacheWrite1h": "0.2", "cacheRead": "0.01", "output": "0.5" },
 *         { "promptOver": 100000, … },        // instead of the row above, for prompts of more tokens than this
 *         { "from": "2027-01-01", … }         // instead of all rows before it, from this day (UTC) on
 *       ]
 *     }
 *   ]
 * }
 * ```
 *
 * `about`, `unit`, `note` and `sources` are for readers and may hold anything.
 */
export interface PriceTable {
  /** Of one web search. */
  readonly webSearchNanos: Nanos
  readonly regionFactor: Factor
  readonly speedFactors: ReadonlyMap<string, Factor>
  readonly serviceTierFactors: ReadonlyMap<string, Factor>
  /** By provider kind. */
  readonly regions: ReadonlyMap<string, RegionSigns>
  /** By id and by every other name. */
  readonly models: ReadonlyMap<string, ModelPrice>
  /** What a model costs that the table does not know: of every kind of token the dearest rate of the whole table. */
  readonly dearest: ModelPrice
}

/** Billionths, so that any factor with up to nine decimal places is exact: 1.1 is 1,100,000,000. */
export type Factor = bigint

/** How the answers of one provider kind show that they were bound to a region. */
export interface RegionSigns {
  readonly geographies: ReadonlySet<string>
  readonly globalPrefix: string | undefined
}

export interface ModelPrice {
  readonly id: string
  /** Provider kinds on which the region's factor applies. */
  readonly regional: ReadonlySet<string>
  /** Newest period first, and in it the row for the longest prompts first: the first row that fits is the right one. */
  readonly rates: readonly Rates[]
}

/** Nano-dollars per million tokens. */
export interface Rates {
  /** Milliseconds since the epoch; 0 for the first period. */
  readonly from: number
  /** Applies to prompts of more tokens than this; -1 for any. */
  readonly promptOver: number
  readonly input: Nanos
  readonly cacheWrite5m: Nanos
  readonly cacheWrite1h: Nanos
  readonly cacheRead: Nanos
  readonly output: Nanos
}

/** A price table that cannot be used; `problems` has all that is wrong with it, each with its place. */
export class PriceTableError extends Error {
  override readonly name = 'PriceTableError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The price table cannot be used: ${problems.join('; ')}`)
    this.problems = problems
  }
}

/** Checks and indexes the JSON form. Throws `PriceTableError` with every problem found. */
export function readPriceTable(json: unknown): PriceTable {
  const problems: string[] = []
  const read = reader(problems)

  const top = read.object(json, 'table', ['format', 'webSearch', 'factors', 'regions', 'models'])
  if (top['format'] !== 1) problems.push('format: has to be 1')
  const factors = read.object(top['factors'], 'factors', ['region', 'speeds', 'serviceTiers'])
  const models = read.list(top['models'], 'models').map((model, index) => readModel(read, model, `models[${index}]`))
  if (models.length === 0) problems.push('models: has to name at least one')

  const table: PriceTable = {
    webSearchNanos: read.amount(top['webSearch'], 'webSearch'),
    regionFactor: read.amount(factors['region'], 'factors.region'),
    speedFactors: read.map(factors['speeds'], 'factors.speeds', read.amount),
    serviceTierFactors: read.map(factors['serviceTiers'], 'factors.serviceTiers', read.amount),
    regions: read.map(top['regions'], 'regions', (signs, path) => readRegionSigns(read, signs, path)),
    models: indexModels(models, problems),
    dearest: dearestOf(models.map(({ price }) => price)),
  }
  if (problems.length > 0) throw new PriceTableError(problems)
  return table
}

interface NamedPrice {
  readonly names: readonly string[]
  readonly price: ModelPrice
}

function readModel(read: Reader, json: unknown, path: string): NamedPrice {
  const model = read.object(json, path, ['id', 'names', 'regional', 'rates'])
  const id = read.word(model['id'], `${path}.id`)
  const names = model['names'] === undefined ? [] : read.words(model['names'], `${path}.names`)
  const rates = read
    .list(model['rates'], `${path}.rates`)
    .map((row, at) => readRates(read, row, `${path}.rates[${at}]`))
  for (const from of new Set(rates.map((row) => row.from))) {
    const rowsForAll = rates.filter((row) => row.from === from && row.promptOver === -1).length
    if (rowsForAll !== 1) read.problem(`${path}.rates: needs exactly one row without promptOver in each period`)
  }
  if (!rates.some(({ from }) => from === 0)) read.problem(`${path}.rates: needs a row without from`)
  return {
    names: [id, ...names],
    price: {
      id,
      regional: new Set(read.words(model['regional'], `${path}.regional`)),
      rates: rates.toSorted((a, b) => b.from - a.from || b.promptOver - a.promptOver),
    },
  }
}

const RATE_NAMES = ['input', 'cacheWrite5m', 'cacheWrite1h', 'cacheRead', 'output'] as const

function readRates(read: Reader, json: unknown, path: string): Rates {
  const row = read.object(json, path, ['from', 'promptOver', ...RATE_NAMES])
  return {
    from: row['from'] === undefined ? 0 : read.day(row['from'], `${path}.from`),
    promptOver: row['promptOver'] === undefined ? -1 : read.count(row['promptOver'], `${path}.promptOver`),
    input: read.amount(row['input'], `${path}.input`),
    cacheWrite5m: read.amount(row['cacheWrite5m'], `${path}.cacheWrite5m`),
    cacheWrite1h: read.amount(row['cacheWrite1h'], `${path}.cacheWrite1h`),
    cacheRead: read.amount(row['cacheRead'], `${path}.cacheRead`),
    output: read.amount(row['output'], `${path}.output`),
  }
}

function readRegionSigns(read: Reader, json: unknown, path: string): RegionSigns {
  const signs = read.object(json, path, ['geographies', 'globalPrefix'])
  const { geographies, globalPrefix } = signs
  return {
    geographies: new Set(geographies === undefined ? [] : read.words(geographies, `${path}.geographies`)),
    globalPrefix: globalPrefix === undefined ? undefined : read.word(globalPrefix, `${path}.globalPrefix`),
  }
}

function indexModels(models: readonly NamedPrice[], problems: string[]): ReadonlyMap<string, ModelPrice> {
  const index = new Map<string, ModelPrice>()
  for (const { names, price } of models) {
    for (const name of names) {
      if (index.has(name)) problems.push(`models: ${JSON.stringify(name)} stands twice`)
      index.set(name, price)
    }
  }
  return index
}

function dearestOf(models: readonly ModelPrice[]): ModelPrice {
  const rows = models.flatMap((model) => model.rates)
  const most = (name: (typeof RATE_NAMES)[number]): Nanos =>
    rows.reduce((high, row) => (row[name] > high ? row[name] : high), 0n)
  return {
    id: 'unknown',
    regional: new Set(models.flatMap((model) => [...model.regional])),
    rates: [
      {
        from: 0,
        promptOver: -1,
        input: most('input'),
        cacheWrite5m: most('cacheWrite5m'),
        cacheWrite1h: most('cacheWrite1h'),
        cacheRead: most('cacheRead'),
        output: most('output'),
      },
    ],
  }
}

type Reader = ReturnType<typeof reader>

/** Reads that note a problem with its place and go on with an empty value, so that one look finds all problems. */
function reader(problems: string[]) {
  const problem = (text: string): void => void problems.push(text)

  function object(json: unknown, path: string, names: readonly string[]): Readonly<Record<string, unknown>> {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      problem(`${path}: has to be an object`)
      return {}
    }
    for (const name of Object.keys(json)) {
      if (!names.includes(name) && !FOR_READERS.has(name)) problem(`${path}.${name}: is not a part of a price table`)
    }
    return json as Readonly<Record<string, unknown>>
  }

  function list(json: unknown, path: string): readonly unknown[] {
    if (Array.isArray(json)) return json
    problem(`${path}: has to be a list`)
    return []
  }

  function word(json: unknown, path: string): string {
    if (typeof json === 'string' && json !== '') return json
    problem(`${path}: has to be text`)
    return ''
  }

  function amount(json: unknown, path: string): bigint {
    if (typeof json === 'string' && /^\d{1,9}(?:\.\d{1,9})?$/.test(json)) return parseDollars(json)
    problem(`${path}: has to be a decimal string such as "2.5", with at most nine places`)
    return 0n
  }

  function count(json: unknown, path: string): number {
    if (typeof json === 'number' && Number.isSafeInteger(json) && json >= 0) return json
    problem(`${path}: has to be a whole number`)
    return 0
  }

  function day(json: unknown, path: string): number {
    const at = typeof json === 'string' && /^\d{4}-\d\d-\d\d$/.test(json) ? Date.parse(`${json}T00:00:00Z`) : NaN
    // Date.parse lets 30 February be 2 March.
    if (at > 0 && new Date(at).toISOString().slice(0, 10) === json) return at
    problem(`${path}: has to be a day such as "2026-11-23"`)
    return 0
  }

  function map<Value>(
    json: unknown,
    path: string,
    value: (json: unknown, path: string) => Value,
  ): ReadonlyMap<string, Value> {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      problem(`${path}: has to be an object`)
      return new Map()
    }
    return new Map(Object.entries(json).map(([name, entry]) => [name, value(entry, `${path}.${name}`)]))
  }

  const words = (json: unknown, path: string): readonly string[] =>
    list(json, path).map((entry, index) => word(entry, `${path}[${index}]`))

  return { problem, object, list, word, words, amount, count, day, map }
}

const FOR_READERS = new Set(['about', 'unit', 'note', 'sources'])

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDollars } from './money.ts'
import { listPrices } from './prices/list-prices.ts'
import { createPrices, price, PriceTableError, readPriceTable, type PricedCall, type PriceTable } from './pricing.ts'
import { readUsage } from './read-usage.ts'
import { NO_USAGE, type ReportedUsage, type TokenUsage } from './usage.ts'

const { table } = listPrices
const day = (text: string): number => Date.parse(`${text}T12:00:00Z`)

function usageOf(tokens: Partial<TokenUsage>, more: Partial<ReportedUsage> = {}): ReportedUsage {
  const all = { ...NO_USAGE, ...tokens }
  const steps = [{ model: undefined, kind: 'message', tokens: all }]
  return { tokens: all, steps, speed: 'standard', geography: undefined, serviceTier: undefined, ...more }
}

function callOf(call: Partial<PricedCall> = {}): PricedCall {
  return { providerKind: 'anthropic', scope: 'reported', model: 'claude-opus-5-5', at: day('2026-11-23'), ...call }
}

const dollars = (usage: ReportedUsage, call: Partial<PricedCall> = {}): string =>
  formatDollars(price(usage, callOf(call), table).costNanos)

const cacheMix = { input: 12, cacheWrite5m: 2000, cacheWrite1h: 30_000, cacheRead: 180_000, output: 900 }
const fast = { input: 1000, cacheRead: 100_000, output: 2000 }

describe('worked examples of the list prices', () => {
  test.each<[string, Partial<TokenUsage>, Partial<PricedCall>, Partial<ReportedUsage>, string]>([
    ['plain', { input: 1000, output: 500 }, {}, {}, '0.014'],
    ['a mix of cache reads and writes', cacheMix, {}, {}, '0.304048'],
    [
      'a geographic profile on Bedrock',
      cacheMix,
      { providerKind: 'bedrock', model: 'eu.anthropic.claude-opus-5-5' },
      {},
      '0.3344528',
    ],
    [
      'Haiku 5.5 at its step of 100,000',
      { input: 10_000, cacheRead: 90_000, output: 1000 },
      { model: 'claude-haiku-5-5' },
      {},
      '0.0024',
    ],
    [
      'Haiku 5.5 one token above',
      { input: 10_000, cacheRead: 90_001, output: 1000 },
      { model: 'claude-haiku-5-5' },
      {},
      '0.01200005',
    ],
    ['fast mode', fast, { model: 'claude-fable-5-2' }, { speed: 'fast' }, '0.216'],
    [
      'fast mode on a Vertex region',
      fast,
      { model: 'claude-fable-5-2', providerKind: 'vertex-ai', scope: 'regional' },
      { speed: 'fast' },
      '0.2376',
    ],
    ['processed in the US', fast, { model: 'claude-sonnet-5-5' }, { geography: 'us' }, '0.0352'],
    [
      'Sonnet 5.5 before cache reads became cheaper',
      { cacheRead: 1_000_000 },
      { model: 'claude-sonnet-5-5', at: day('2026-10-01') },
      {},
      '0.2',
    ],
    ['Sonnet 5.5 afterwards', { cacheRead: 1_000_000 }, { model: 'claude-sonnet-5-5' }, {}, '0.1'],
    [
      'batch',
      { input: 100_000, cacheRead: 100_000, output: 10_000 },
      { model: 'claude-opus-5' },
      { serviceTier: 'batch' },
      '0.4',
    ],
    ['web searches', { input: 5000, output: 500, webSearches: 3 }, { model: 'claude-haiku-4-5' }, {}, '0.0375'],
  ])('%s', (_, tokens, call, more, expected) => {
    const usage = usageOf(tokens, more)
    expect(dollars(usage, call)).toBe(expected)
    expect(price(usage, callOf(call), table).priceFlag).toBe('listed')
  })
})

describe('what a price depends on', () => {
  test('the region raises no price of a model that has no regional premium', () => {
    expect(
      dollars(usageOf({ input: 1000 }), {
        providerKind: 'bedrock',
        model: 'apac.anthropic.claude-sonnet-4-20250514-v1:0',
      }),
    ).toBe('0.003')
    expect(dollars(usageOf({ input: 1000 }, { geography: 'us' }), { model: 'claude-opus-4-1' })).toBe('0.015')
  })

  test('a global profile costs list price, everything else on Bedrock the premium', () => {
    const bedrock = (model: string): string => dollars(usageOf({ input: 1000 }), { providerKind: 'bedrock', model })
    expect(bedrock('global.anthropic.claude-opus-5-5')).toBe('0.004')
    expect(bedrock('anthropic.claude-opus-5-5')).toBe('0.0044')
    expect(bedrock('arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.anthropic.claude-opus-5-5')).toBe(
      '0.004',
    )
    expect(bedrock('arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-5-5')).toBe(
      '0.0044',
    )
  })

  test('a batch is never fast', () => {
    expect(dollars(usageOf({ input: 1000 }, { speed: 'fast', serviceTier: 'batch' }))).toBe('0.002')
  })

  test('web searches cost the same in fast mode and in any region', () => {
    expect(dollars(usageOf({ webSearches: 2 }, { speed: 'fast', geography: 'us' }))).toBe('0.02')
  })

  test('each step is priced by its own model, and by the length of its own prompt', () => {
    const usage = readUsage({
      output_tokens: 0,
      iterations: [
        { type: 'message', input_tokens: 60_000, output_tokens: 0 },
        { type: 'compaction', input_tokens: 60_000, output_tokens: 0 },
        { type: 'advisor_message', model: 'claude-opus-5-5', input_tokens: 1000, output_tokens: 100 },
      ],
    })
    expect(dollars(usage, { model: 'claude-haiku-5-5' })).toBe('0.018')
  })

  test('the sum is rounded up once, to a whole nano-dollar', () => {
    const cheap = readPriceTable(
      tableWith([{ input: '0.000000001', cacheWrite5m: '0', cacheWrite1h: '0', cacheRead: '0', output: '0' }]),
    )
    const steps = Array.from({ length: 3 }, () => ({ input_tokens: 1, output_tokens: 0, type: 'message' }))
    expect(price(readUsage({ iterations: steps }), callOf({ model: 'm' }), cheap).costNanos).toBe(1n)
  })

  test('no tokens cost nothing', () => {
    expect(price(usageOf({}), callOf(), table)).toEqual({ costNanos: 0n, priceFlag: 'listed' })
  })
})

describe('names', () => {
  test.each([
    ['claude-sonnet-4-5', '0.003'],
    ['claude-sonnet-4-5-20250929', '0.003'],
    ['claude-sonnet-4-5@20250929', '0.003'],
    ['claude-sonnet-4-5-20250929[1m]', '0.003'],
    ['global.anthropic.claude-sonnet-4-5-20250929-v1:0', '0.003'],
    ['anthropic.claude-opus-4-6-v1', '0.005'],
    ['us-gov.anthropic.claude-opus-4-8', '0.005'],
    ['anthropic/claude-opus-4-8', '0.005'],
    ['claude-3-5-haiku-latest', '0.0008'],
    ['claude-opus-4-20250514', '0.015'],
    ['claude-opus-4-0', '0.015'],
    ['claude-opus-5-5-fast', '0.008'],
  ])('%s is known', (model, expected) => {
    const { costNanos, priceFlag } = price(usageOf({ input: 1000 }), callOf({ model }), table)
    expect([formatDollars(costNanos), priceFlag]).toEqual([expected, 'listed'])
  })

  test.each(['gpt-5', '', 'claude-', 'claude-opus-9', `claude-opus-5-5-${'x'.repeat(10_000)}`, 'constructor'])(
    'the unknown model %j costs the dearest rates and is flagged',
    (model) => {
      const { costNanos, priceFlag } = price(usageOf({ input: 1000, output: 1000 }), callOf({ model }), table)
      expect([formatDollars(costNanos), priceFlag]).toEqual(['0.09', 'unknown_model'])
    },
  )

  test('one unknown step is enough for the flag', () => {
    const usage = readUsage({ iterations: [{ input_tokens: 5 }, { input_tokens: 5, model: 'somebody-else' }] })
    expect(price(usage, callOf(), table).priceFlag).toBe('unknown_model')
  })

  test('the scripted provider costs what Anthropic would, and its sandbox models nothing', () => {
    const usage = usageOf({ input: 1000, output: 500 }, { geography: 'us' })
    expect(dollars(usage, { providerKind: 'scripted' })).toBe(dollars(usage))
    expect(price(usage, callOf({ providerKind: 'scripted', model: 'sandbox-echo' }), table)).toEqual({
      costNanos: 0n,
      priceFlag: 'free',
    })
  })

  test('a sandbox model of any other provider is not free', () => {
    expect(price(usageOf({ input: 1 }), callOf({ model: 'sandbox-echo' }), table).priceFlag).toBe('unknown_model')
  })
})

describe('for any usage', () => {
  const count = fc.oneof(fc.nat(300_000), fc.maxSafeNat())
  const tokens: fc.Arbitrary<TokenUsage> = fc.record({
    input: count,
    output: count,
    cacheRead: count,
    cacheWrite5m: count,
    cacheWrite1h: count,
    thinking: count,
    webSearches: count,
    webFetches: count,
    codeExecutions: count,
  })
  const call = fc.record({
    providerKind: fc.constantFrom('anthropic', 'bedrock', 'vertex-ai', 'azure-ai', 'scripted', 'other'),
    scope: fc.constantFrom('global', 'regional', ''),
    model: fc.oneof(fc.constantFrom(...table.models.keys(), 'global.anthropic.claude-opus-5-5', 'nobody'), fc.string()),
    at: fc.constantFrom(0, day('2026-10-01'), day('2026-11-23'), 4e12),
  })
  const circumstances = fc.record({
    speed: fc.constantFrom('standard', 'fast', 'odd'),
    geography: fc.constantFrom(undefined, 'us', 'global'),
    serviceTier: fc.constantFrom(undefined, 'batch', 'standard'),
  })
  const kinds = Object.keys(NO_USAGE) as (keyof TokenUsage)[]

  test('more tokens of any kind never cost less, and no cost is negative', () => {
    fc.assert(
      fc.property(
        tokens,
        call,
        circumstances,
        fc.constantFrom(...kinds),
        fc.nat(200_000),
        (some, priced, how, kind, extra) => {
          const less = price(usageOf(some, how), priced, table).costNanos
          const more = price(
            usageOf({ ...some, [kind]: Math.min(some[kind] + extra, Number.MAX_SAFE_INTEGER) }, how),
            priced,
            table,
          ).costNanos
          expect(less >= 0n && more >= less).toBe(true)
        },
      ),
    )
  })

  test('steps together cost what they cost apart, less the rounding', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ...stepRecord() }), { minLength: 1, maxLength: 5 }),
        call,
        circumstances,
        (iterations, priced, how) => {
          const usage = { ...readUsage({ iterations }), ...how }
          const together = price(usage, priced, table).costNanos
          const apart = usage.steps.map(
            (step) => price({ ...usage, tokens: step.tokens, steps: [step] }, priced, table).costNanos,
          )
          const sum = apart.reduce((a, b) => a + b, 0n)
          expect(sum >= together && sum - together < BigInt(usage.steps.length)).toBe(true)
        },
      ),
    )
  })

  test('an unknown model never costs less than a known one', () => {
    fc.assert(
      fc.property(tokens, call, circumstances, (some, priced, how) => {
        const known = price(usageOf(some, how), priced, table)
        fc.pre(known.priceFlag === 'listed' && !priced.model.endsWith('-fast'))
        const prefix = priced.model.startsWith('global.') ? 'global.' : ''
        const unknown = price(usageOf(some, how), { ...priced, model: `${prefix}nobody` }, table)
        expect(unknown.costNanos >= known.costNanos).toBe(true)
      }),
    )
  })

  function stepRecord() {
    return {
      input_tokens: fc.nat(300_000),
      output_tokens: fc.nat(100_000),
      cache_read_input_tokens: fc.nat(300_000),
      cache_creation_input_tokens: fc.nat(300_000),
      model: fc.constantFrom(undefined, 'claude-haiku-5-5', 'claude-opus-4-1', 'nobody'),
    }
  }
})

describe('versions', () => {
  const flat = (dollarsPerMillion: string): PriceTable => {
    const rate = { input: dollarsPerMillion, cacheWrite5m: '0', cacheWrite1h: '0', cacheRead: '0', output: '0' }
    return readPriceTable(tableWith([rate]))
  }
  const prices = createPrices([
    { id: 'second', validFrom: 2000, table: flat('2') },
    { id: 'first', validFrom: 1000, table: flat('1') },
    { id: 'third', validFrom: 3000, table: flat('3') },
  ])

  test.each([
    [2999, 'second', 2000n],
    [2000, 'second', 2000n],
    [1999, 'first', 1000n],
    [9999, 'third', 3000n],
    [5, 'first', 1000n],
  ])('a call at %i is priced by the %s version', (at, priceVersion, costNanos) => {
    expect(prices.price(usageOf({ input: 1 }), callOf({ model: 'm', at }))).toEqual({
      costNanos,
      priceVersion,
      priceFlag: 'listed',
    })
  })

  test('there is always at least one', () => {
    expect(() => createPrices([])).toThrow(RangeError)
  })
})

describe('reading a price table', () => {
  const problemsOf = (json: unknown): readonly string[] => {
    try {
      readPriceTable(json)
      return []
    } catch (error) {
      if (error instanceof PriceTableError) return error.problems
      throw error
    }
  }

  test('survives the way through JSON text', () => {
    expect(readPriceTable(JSON.parse(JSON.stringify(listPrices.json)))).toEqual(table)
  })

  test('lists every problem with its place', () => {
    const rate = { input: 2.5, cacheWrite5m: '-1', cacheWrite1h: '1e3', cacheRead: '0.0000000001', output: '1' }
    expect(
      problemsOf({
        format: 2,
        factors: { region: '1.1', speeds: { fast: 2 }, serviceTiers: {}, discount: '0.9' },
        regions: { bedrock: { globalPrefix: 7 } },
        webSearch: '0.01',
        models: [
          { id: 'a', regional: 'all', rates: [rate] },
          { id: 'a', regional: [], rates: [{ ...rateOf('1'), from: '2026-13-01', cache_read: '1' }] },
          { id: 'b', regional: [], rates: [{ ...rateOf('1'), promptOver: 1.5 }] },
          { id: 'c', regional: [], rates: [{ ...rateOf('1'), from: '2026-01-01' }] },
        ],
      }),
    ).toEqual([
      'format: has to be 1',
      'factors.discount: is not a part of a price table',
      'models[0].rates[0].input: has to be a decimal string such as "2.5", with at most nine places',
      'models[0].rates[0].cacheWrite5m: has to be a decimal string such as "2.5", with at most nine places',
      'models[0].rates[0].cacheWrite1h: has to be a decimal string such as "2.5", with at most nine places',
      'models[0].rates[0].cacheRead: has to be a decimal string such as "2.5", with at most nine places',
      'models[0].regional: has to be a list',
      'models[1].rates[0].cache_read: is not a part of a price table',
      'models[1].rates[0].from: has to be a day such as "2026-11-23"',
      'models[2].rates[0].promptOver: has to be a whole number',
      'models[2].rates: needs exactly one row without promptOver in each period',
      'models[3].rates: needs a row without from',
      'factors.speeds.fast: has to be a decimal string such as "2.5", with at most nine places',
      'regions.bedrock.globalPrefix: has to be text',
      'models: "a" stands twice',
    ])
  })

  test.each([[null], [[]], ['text'], [{}], [{ models: [] }]])('refuses %j without falling over', (json) => {
    expect(problemsOf(json)).not.toEqual([])
  })

  test('refuses a day that is in no calendar', () => {
    expect(problemsOf(tableWith([rateOf('1'), { ...rateOf('2'), from: '2026-02-30' }]))).toEqual([
      'models[0].rates[1].from: has to be a day such as "2026-11-23"',
      'models[0].rates: needs exactly one row without promptOver in each period',
    ])
  })

  test('every source that a model names is listed', () => {
    const { models, sources } = listPrices.json as { models: { sources: string[] }[]; sources: Record<string, string> }
    expect(models.flatMap((model) => model.sources).filter((name) => !(name in sources))).toEqual([])
  })

  function rateOf(input: string) {
    return { input, cacheWrite5m: '1', cacheWrite1h: '1', cacheRead: '1', output: '1' }
  }
})

function tableWith(rates: readonly object[]): unknown {
  return {
    format: 1,
    webSearch: '0',
    factors: { region: '1', speeds: {}, serviceTiers: {} },
    regions: {},
    models: [{ id: 'm', regional: [], rates }],
  }
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addUsage, mergeUsage, readUsage, reportsInput } from './read-usage.ts'
import { NO_USAGE, type TokenUsage } from './usage.ts'

const tokens = (some: Partial<TokenUsage>): TokenUsage => ({ ...NO_USAGE, ...some })

describe('reading usage', () => {
  test('takes every count to its kind', () => {
    const usage = readUsage({
      input_tokens: 12,
      cache_creation_input_tokens: 5000,
      cache_creation: { ephemeral_5m_input_tokens: 2000, ephemeral_1h_input_tokens: 3000 },
      cache_read_input_tokens: 180_000,
      output_tokens: 900,
      output_tokens_details: { thinking_tokens: 400 },
      server_tool_use: { web_search_requests: 3, web_fetch_requests: 2, code_execution_requests: 1 },
      service_tier: 'priority',
      inference_geo: 'us',
      speed: 'fast',
    })
    const all: TokenUsage = {
      input: 12,
      output: 900,
      cacheRead: 180_000,
      cacheWrite5m: 2000,
      cacheWrite1h: 3000,
      thinking: 400,
      webSearches: 3,
      webFetches: 2,
      codeExecutions: 1,
    }
    expect(usage).toEqual({
      tokens: all,
      steps: [{ model: undefined, kind: 'message', tokens: all }],
      speed: 'fast',
      geography: 'us',
      serviceTier: 'priority',
    })
  })

  test('counts cache writes of unknown lifetime as five minutes', () => {
    expect(readUsage({ cache_creation_input_tokens: 700 }).tokens).toEqual(tokens({ cacheWrite5m: 700 }))
    expect(readUsage({ cache_creation_input_tokens: 700, cache_creation: null }).tokens).toEqual(
      tokens({ cacheWrite5m: 700 }),
    )
    expect(
      readUsage({ cache_creation_input_tokens: 700, cache_creation: { ephemeral_1h_input_tokens: 600 } }).tokens,
    ).toEqual(tokens({ cacheWrite5m: 100, cacheWrite1h: 600 }))
  })

  test('bills the steps, which hold what the counts beside them leave out', () => {
    const usage = readUsage({
      input_tokens: 100,
      output_tokens: 50,
      iterations: [
        { type: 'compaction', model: null, input_tokens: 90_000, output_tokens: 3000 },
        { type: 'message', input_tokens: 100, output_tokens: 50, cache_creation: { ephemeral_1h_input_tokens: 7 } },
        { type: 'advisor_message', model: 'claude-opus-5-5', input_tokens: 20, output_tokens: 5 },
      ],
    })
    expect(usage.steps).toEqual([
      { model: undefined, kind: 'compaction', tokens: tokens({ input: 90_000, output: 3000 }) },
      { model: undefined, kind: 'message', tokens: tokens({ input: 100, output: 50, cacheWrite1h: 7 }) },
      { model: 'claude-opus-5-5', kind: 'advisor_message', tokens: tokens({ input: 20, output: 5 }) },
    ])
    expect(usage.tokens).toEqual(tokens({ input: 90_120, output: 3055, cacheWrite1h: 7 }))
  })

  test('bills what is told beside the steps but is in none of them', () => {
    const usage = readUsage({
      output_tokens: 80,
      server_tool_use: { web_search_requests: 2 },
      iterations: [{ type: 'message', input_tokens: 10, output_tokens: 50 }],
    })
    expect(usage.tokens).toEqual(tokens({ input: 10, output: 80, webSearches: 2 }))
    expect(usage.steps.at(-1)).toEqual({
      model: undefined,
      kind: 'message',
      tokens: tokens({ output: 30, webSearches: 2 }),
    })
  })

  test('an empty list of steps is no list', () => {
    expect(readUsage({ input_tokens: 5, iterations: [] }).tokens).toEqual(tokens({ input: 5 }))
    expect(readUsage({ input_tokens: 5, iterations: [null, 7] }).tokens).toEqual(tokens({ input: 5 }))
  })

  test.each([
    ['a string', '12', 0],
    ['a negative number', -5, 0],
    ['not a number', NaN, 0],
    ['endless', Infinity, 0],
    ['a list', [3], 0],
    ['an object', { valueOf: 3 }, 0],
    ['a boolean', true, 0],
    ['a fraction', 2.9, 2],
    ['beyond counting', 1e308, 1_000_000_000],
  ])('a count that is %s is read as a safe whole number', (_, value, read) => {
    expect(readUsage({ input_tokens: value }).tokens.input).toBe(read)
  })

  test('never throws, and reads only safe whole numbers, whatever a host sends', () => {
    const names = fc.constantFrom(
      'input_tokens',
      'output_tokens',
      'cache_creation',
      'iterations',
      'server_tool_use',
      'speed',
      '__proto__',
    )
    const wild = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.anything(),
        fc.double(),
        fc.dictionary(names, tie('value')),
        fc.array(tie('value')),
      ),
    })).value
    fc.assert(
      fc.property(wild, wild, (first, second) => {
        const usage = readUsage(mergeUsage(mergeUsage({}, first), second))
        for (const count of Object.values(usage.tokens)) expect(Number.isSafeInteger(count) && count >= 0).toBe(true)
        expect(usage.steps.map((step) => step.tokens).reduce(addUsage)).toEqual(usage.tokens)
      }),
      { numRuns: 500 },
    )
  })
})

describe('merging the reports of one stream', () => {
  test('keeps the newest value of each field and never adds', () => {
    const start = mergeUsage(
      {},
      {
        input_tokens: 10,
        cache_read_input_tokens: 500,
        cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 0 },
        output_tokens: 1,
        service_tier: 'standard',
      },
    )
    const end = mergeUsage(start, {
      input_tokens: null,
      output_tokens: 80,
      output_tokens_details: { thinking_tokens: 20 },
      cache_creation: { ephemeral_1h_input_tokens: 40 },
      server_tool_use: { web_search_requests: 1 },
    })
    const usage = readUsage(end)
    expect(usage.tokens).toEqual(
      tokens({
        input: 10,
        output: 80,
        cacheRead: 500,
        cacheWrite5m: 30,
        cacheWrite1h: 40,
        thinking: 20,
        webSearches: 1,
      }),
    )
    expect(usage.serviceTier).toBe('standard')
  })

  test('takes real input counts that come only at the end', () => {
    const start = mergeUsage({}, { input_tokens: 0, output_tokens: 0 })
    expect(reportsInput(start)).toBe(false)
    const end = mergeUsage(start, { input_tokens: 900, output_tokens: 20 })
    expect(reportsInput(end)).toBe(true)
    expect(readUsage(end).tokens).toEqual(tokens({ input: 900, output: 20 }))
  })

  test('a report that is no report changes nothing', () => {
    const before = mergeUsage({}, { input_tokens: 3 })
    for (const next of [undefined, null, 'x', 7, [], {}]) expect(mergeUsage(before, next)).toEqual(before)
  })
})

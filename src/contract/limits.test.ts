import { describe, expect, test } from 'vitest'
import { listProblems, strict } from './fields.ts'
import { limitMembers } from './limits.ts'

const Body = strict(limitMembers)

function problems(body: object): string[] {
  const { error } = Body.safeParse(body)
  return error === undefined ? [] : listProblems(error).split('\n')
}

function budgets(usage_limits: unknown) {
  return Body.parse({ usage_limits }).usage_limits
}

describe('budgets', () => {
  test('what is left out is hard, strict, in dollars and without an end', () => {
    expect(budgets({ credit_limit: 50 })).toEqual([
      {
        kind: 'budget',
        unit: 'cost',
        amount: 50_000_000_000n,
        reset: { every: 'never' },
        hard: true,
        mode: 'strict',
        alertAt: [],
      },
    ])
  })

  test('everything can be said, and thresholds are told in rising order, each once', () => {
    const written = {
      type: 'tokens',
      credit_limit: '1000000',
      alert_threshold: 800_000,
      alert_thresholds: [900_000, 500_000, '800000'],
      periodic_reset_days: 14,
      enforcement: 'soft',
      mode: 'tight',
    }
    expect(budgets([written])).toEqual([
      {
        kind: 'budget',
        unit: 'tokens',
        amount: 1_000_000n,
        reset: { every: 'days', days: 14 },
        hard: false,
        mode: 'tight',
        alertAt: [500_000n, 800_000n, 900_000n],
      },
    ])
  })

  test.each([
    ['daily', 'day'],
    ['weekly', 'week'],
    ['monthly', 'month'],
    [null, 'never'],
  ])('a reset that is %s is one every %s', (periodic_reset, every) => {
    expect(budgets({ credit_limit: 1, periodic_reset })).toMatchObject([{ reset: { every } }])
  })

  test.each([
    [0, 0n],
    [0.1, 100_000_000n],
    [1e-9, 1n],
    ['0.000000001', 1n],
    ['999999999.123456789', 999_999_999_123_456_789n],
    [1_000_000_000, 1_000_000_000_000_000_000n],
  ])('%s dollars are %s nano-dollars', (credit_limit, amount) => {
    expect(budgets({ credit_limit })).toMatchObject([{ amount }])
  })

  test.each([
    [{ credit_limit: -1 }, 'usage_limits.credit_limit: may not be negative'],
    [{ credit_limit: '-0.5' }, 'usage_limits.credit_limit: may not be negative'],
    [{ credit_limit: 1e-10 }, 'usage_limits.credit_limit: may have nine decimal places at most'],
    [{ credit_limit: '0.0000000001' }, 'usage_limits.credit_limit: may have nine decimal places at most'],
    [{ credit_limit: 0.1 + 0.2 }, 'usage_limits.credit_limit: has too many digits for a number; write it as a string'],
    [{ credit_limit: 1e21 }, 'usage_limits.credit_limit: has to be an amount of dollars, such as 50 or "0.25"'],
    [{ credit_limit: 1_000_000_001 }, 'usage_limits.credit_limit: may be 1000000000 dollars at most'],
    [{ credit_limit: '50 USD' }, 'usage_limits.credit_limit: has to be an amount of dollars, such as 50 or "0.25"'],
    [{ credit_limit: '٥٠' }, 'usage_limits.credit_limit: has to be an amount of dollars, such as 50 or "0.25"'],
    [{ credit_limit: NaN }, 'usage_limits.credit_limit: has to be a number, or a string of one'],
    [{ credit_limit: true }, 'usage_limits.credit_limit: has to be a number, or a string of one'],
    [{}, 'usage_limits.credit_limit: has to be a number, or a string of one'],
    [{ type: 'tokens', credit_limit: 1.5 }, 'usage_limits.credit_limit: has to be a whole number'],
    [
      { type: 'tokens', credit_limit: 2 ** 60 },
      'usage_limits.credit_limit: has to be a whole number up to 1000000000000000',
    ],
    [{ credit_limit: 5, alert_threshold: 5 }, 'usage_limits.alert_threshold: has to be below credit_limit'],
    [{ credit_limit: 5, alert_thresholds: [1, 6] }, 'usage_limits.alert_thresholds.1: has to be below credit_limit'],
    [{ credit_limit: 5, alert_threshold: 0 }, 'usage_limits.alert_threshold: has to be more than 0'],
    [
      { credit_limit: 5, periodic_reset: 'weekly', periodic_reset_days: 7 },
      'usage_limits.periodic_reset_days: cannot stand beside periodic_reset; choose one',
    ],
    [
      { credit_limit: 5, periodic_reset_days: 366 },
      'usage_limits.periodic_reset_days: has to be a whole number of days from 1 to 365',
    ],
    [
      { credit_limit: 5, periodic_reset: 'hourly' },
      'usage_limits.periodic_reset: has to be daily, weekly, monthly or null',
    ],
    [{ credit_limit: 5, type: 'euros' }, 'usage_limits.type: has to be cost, tokens or requests'],
    [
      { credit_limit: 5, next_usage_reset_at: '2027-01-01T00:00:00Z' },
      'usage_limits.next_usage_reset_at: is told by the gateway and cannot be set; leave it out',
    ],
    [[{ credit_limit: 5 }, { credit_limit: 6 }], 'usage_limits.1: is there twice: same type and period'],
    [Array(13).fill({ credit_limit: 5 }), 'usage_limits: may hold 12 at most'],
    ['50', 'usage_limits: has to be a JSON object, an array of them, or null'],
    [[5], 'usage_limits.0: has to be a JSON object'],
  ])('%j is refused', (usage_limits, problem) => {
    expect(problems({ usage_limits })).toContain(problem)
  })

  test('all problems are told at once, also those that depend on more than one member', () => {
    const wrong = { credit_limit: 5, alert_threshold: 7, periodic_reset: 'weekly', periodic_reset_days: 0, cap: 1 }
    const found = problems({ usage_limits: [wrong] })
    expect(found).toHaveLength(4)
    expect(found.map((problem) => problem.split(':')[0])).toEqual([
      'usage_limits.0.periodic_reset_days',
      'usage_limits.0',
      'usage_limits.0.alert_threshold',
      'usage_limits.0.periodic_reset_days',
    ])
  })
})

describe('rate limits', () => {
  test.each([
    ['rps', 1_000],
    ['rpm', 60_000],
    ['rph', 3_600_000],
    ['rpd', 86_400_000],
    ['rpw', 604_800_000],
  ])('%s has a window of %s ms', (unit, windowMs) => {
    expect(Body.parse({ rate_limits: [{ type: 'requests', unit, value: 10 }] }).rate_limits).toEqual([
      { kind: 'rate', unit: 'requests', value: 10, windowMs },
    ])
  })

  test('requests at the same time have no window', () => {
    expect(Body.parse({ rate_limits: { type: 'concurrency', value: 5 } }).rate_limits).toEqual([
      { kind: 'rate', unit: 'concurrency', value: 5, windowMs: 0 },
    ])
  })

  test.each([
    [{ type: 'requests', value: 5 }, 'rate_limits.unit: is required: rps, rpm, rph, rpd or rpw'],
    [
      { type: 'concurrency', unit: 'rpm', value: 5 },
      'rate_limits.unit: requests at the same time have no unit; leave it out',
    ],
    [{ type: 'concurrency', value: 100_001 }, 'rate_limits.value: may be 100000 at most'],
    [{ type: 'requests', unit: 'rpm', value: 0 }, 'rate_limits.value: has to be a whole number from 1 to 1000000000'],
    [{ type: 'requests', unit: 'rpm', value: 1.5 }, 'rate_limits.value: has to be a whole number from 1 to 1000000000'],
    [{ type: 'requests', unit: 'rpf', value: 1 }, 'rate_limits.unit: has to be rps, rpm, rph, rpd or rpw'],
    [{ type: 'cost', unit: 'rpm', value: 1 }, 'rate_limits.type: has to be requests, tokens or concurrency'],
    [
      [
        { type: 'requests', unit: 'rpm', value: 1 },
        { type: 'requests', unit: 'rpm', value: 2 },
      ],
      'rate_limits.1: is there twice: same type and period',
    ],
  ])('%j is refused', (rate_limits, problem) => {
    expect(problems({ rate_limits })).toContain(problem)
  })
})

test('null clears and leaving out keeps: the two are not the same', () => {
  expect(Body.parse({ usage_limits: null })).toEqual({ usage_limits: null })
  expect(Body.parse({})).toEqual({})
})

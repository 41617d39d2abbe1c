import { expect, test } from 'vitest'
import type { Budget } from '../limits/limit.ts'
import { budgetForecast, budgetReached } from './budget-alerts.ts'

const NOW = Date.UTC(2026, 10, 23)
const OF = { organisationId: 'o', workspaceId: 'w', id: 's', name: 'workspace Payments', addresses: ['a@example.com'] }
const BUDGET: Budget = {
  kind: 'budget',
  id: 'b',
  level: 'workspace',
  of: 'workspace Payments',
  workspaceId: 'w',
  unit: 'cost',
  amount: 1_234_567_890_000_000n,
  reset: { every: 'week' },
  since: 0,
  hard: true,
  mode: 'strict',
  alertAt: [],
}

function mark(budget: Partial<Budget>, spent: bigint, threshold: bigint, bucket = 'b') {
  const state = { spent, held: 0n, periodStart: NOW, resetsAt: NOW + 86_400_000 }
  return { budget: { ...BUDGET, ...budget }, bucket, state, threshold, refused: false }
}

test('people read cents, machines every nano-dollar', () => {
  const { text, data } = budgetReached(mark({}, 617_283_949_999_999n, 617_283_945_000_000n), OF, NOW)
  expect(text).toContain('has used $617,283.95 of $1,234,567.89 for the week.')
  expect(data).toMatchObject({ spent: '617283.949999999', amount: '1234567.89', threshold: '617283.945' })
})

test('less than a cent is told exactly, tokens and requests in whole numbers', () => {
  const small = budgetReached(mark({ amount: 5_000_000n }, 1_500_000n, 1_000_000n), OF, NOW)
  expect(small.text).toContain('has used $0.0015 of $0.005')
  const tokens = budgetReached(mark({ unit: 'tokens', amount: 2_000_000n }, 1_600_001n, 1_600_000n), OF, NOW)
  expect(tokens.text).toContain('has used 1,600,001 tokens of 2,000,000 tokens')
  expect(tokens.title).toBe('The budget of workspace Payments is 80 % spent')
})

test('an uneven share is told with one place', () => {
  expect(budgetReached(mark({ amount: 3_000n }, 1_000n, 1_000n), OF, NOW).title).toContain('is 33.3 % spent')
})

test('the same amount, bucket and period are the same event; another amount is another one', () => {
  const once = budgetReached(mark({}, 9n, 9n), OF, NOW)
  expect(budgetReached(mark({}, 10n, 9n), OF, NOW + 1).identity).toBe(once.identity)
  expect(budgetReached(mark({}, 10n, 10n), OF, NOW).identity).not.toBe(once.identity)
  expect(budgetReached(mark({}, 10n, 9n, 'b|["x"]'), OF, NOW).identity).not.toBe(once.identity)
})

test('a budget that a request does not fit in any more is not called spent', () => {
  const { kind, title, text } = budgetReached(
    { ...mark({ amount: 10_000_000n }, 0n, 10_000_000n), refused: true },
    OF,
    NOW,
  )
  expect([kind, title]).toEqual(['budget.exhausted', 'The budget of workspace Payments is too small for a request'])
  expect(text).toContain('has used $0 of $0.01 for the week, and a request did not fit in what is left.')
})

test('a budget of nothing is spent, and divides nothing by nothing', () => {
  expect(budgetReached(mark({ amount: 0n }, 0n, 0n), OF, NOW)).toMatchObject({ kind: 'budget.exhausted' })
})

test('what a policy could not keep apart any more is told as all others', () => {
  expect(budgetReached(mark({ amount: 1n }, 1n, 1n, 'b|*'), OF, NOW).title).toContain('(all others)')
})

test('a forecast says what it comes to and when the period ends', () => {
  const { text } = budgetForecast({ ...mark({}, 1n, 1n), forecast: 2_000_000_000_000_000n }, OF, NOW)
  expect(text).toContain('At this pace it comes to $2,000,000.00 before it begins anew at 2026-11-24 00:00 UTC.')
})

import { expect, test } from 'vitest'
import type { BucketState } from '../../limits/budgets.ts'
import type { Budget } from '../../limits/limit.ts'
import { type BudgetRefusalContext, budgetRefusal } from './budget-refusal.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const DOLLAR = 1_000_000_000n

const CONTEXT: BudgetRefusalContext = {
  caller: { errorFormat: 'anthropic' },
  organisation: { timeZone: 'Europe/Berlin', contact: '#ai-platform' },
  now: NOW,
  readsNotices: false,
  random: () => 0.5,
}

interface Case {
  readonly budget?: Partial<Budget>
  readonly state?: Partial<BucketState>
  readonly reason?: 'spent' | 'held'
  readonly context?: Partial<BudgetRefusalContext>
}

function refusal({ budget = {}, state = {}, reason = 'spent', context = {} }: Case) {
  return budgetRefusal(
    {
      kind: 'shortage',
      reason,
      purse: {
        bucket: 'b',
        budget: {
          kind: 'budget',
          id: 'b',
          level: 'key',
          of: 'key “ci”',
          workspaceId: undefined,
          unit: 'cost',
          amount: 50n * DOLLAR,
          reset: { every: 'week' },
          since: 0,
          hard: true,
          mode: 'strict',
          alertAt: [],
          ...budget,
        },
      },
      state: { spent: 50n * DOLLAR, held: 0n, periodStart: 0, resetsAt: Date.UTC(2026, 10, 29, 23), ...state },
    },
    { ...CONTEXT, ...context },
  )
}

test.each<Case & { readonly says: string }>([
  {
    says: 'Key “ci” has used $50 of $50 this week. It begins anew on 30 November at 00:00 CET. Ask #ai-platform if you need more before.',
  },
  {
    state: { spent: 49_207_000_000n },
    says: 'Key “ci” has used $49.20 of $50 this week, and this request may need more than the $0.79 that is left. It begins anew on 30 November at 00:00 CET. Ask #ai-platform if you need more before.',
  },
  {
    budget: { of: 'you', unit: 'tokens', amount: 1_000_000n, reset: { every: 'day' } },
    state: { spent: 1_200_000n, resetsAt: NOW + 11 * 3_600_000 },
    says: 'You have used 1,200,000 of 1,000,000 tokens today. It begins anew tomorrow at 00:00 CET. Ask #ai-platform if you need more before.',
  },
  {
    budget: { of: 'workspace payments', unit: 'requests', amount: 1n, reset: { every: 'days', days: 14 } },
    state: { spent: 1n },
    says: 'Workspace payments has used 1 of 1 request in these 14 days. It begins anew on 30 November at 00:00 CET. Ask #ai-platform if you need more before.',
  },
  {
    budget: { reset: { every: 'never' }, amount: 0n },
    state: { spent: 0n, resetsAt: undefined },
    context: { organisation: { timeZone: undefined, contact: undefined } },
    says: 'Key “ci” has a budget of $0, so this request is not allowed. Ask whoever runs the gateway if you need this.',
  },
  {
    budget: { of: 'you', unit: 'tokens', amount: 0n, reset: { every: 'day' } },
    state: { spent: 0n },
    says: 'You have a budget of 0 tokens, so this request is not allowed. Ask #ai-platform if you need this.',
  },
  {
    budget: { reset: { every: 'never' }, amount: 5n * DOLLAR },
    state: { spent: 5n * DOLLAR, resetsAt: undefined },
    context: { organisation: { timeZone: undefined, contact: undefined } },
    says: 'Key “ci” has used $5 of $5. Ask whoever runs the gateway if you need more.',
  },
  {
    budget: { unit: 'tokens', amount: 10n },
    state: { spent: 0n },
    says: 'Key “ci” has used 0 of 10 tokens this week, and this request may need more than the 10 tokens that are left. It begins anew on 30 November at 00:00 CET. Ask #ai-platform if you need more before.',
  },
])('a spent budget says: $says', ({ says, ...rest }) => {
  const { message, code, status, isFinal } = refusal(rest)
  expect(message).toBe(says)
  expect({ code, status, isFinal }).toEqual({ code: 'budget.spent', status: 402, isFinal: false })
})

test('a budget that running requests hold says for how long to wait', () => {
  const { message, code, retryAfterSeconds } = refusal({
    reason: 'held',
    state: { spent: 40n * DOLLAR, held: 9_500_000_000n },
  })
  expect(message).toBe(
    'Key “ci” has used $40 of $50 this week, and running requests hold $9.50 of the rest until they end. Try again in a moment.',
  )
  expect({ code, retryAfterSeconds }).toEqual({ code: 'budget.held', retryAfterSeconds: 6 })
})

test.each([0, 0.999_999])('the pause is between 2 and 10 seconds', (draw) => {
  const { retryAfterSeconds } = refusal({ reason: 'held', context: { random: () => draw } })
  expect(retryAfterSeconds).toBe(draw === 0 ? 2 : 10)
})

test.each(['provider', 'integration'] as const)('the budget of a %s lets others take over', (level) => {
  expect(refusal({ budget: { level } }).spec.recovery).toBe('next-target')
  expect(refusal({ budget: { level }, reason: 'held' }).spec.recovery).toBe('next-target')
})

test.each([
  ['key', 'api_key_exhaust_error', '04'],
  ['workspace', 'workspace_exhaust_error', '04'],
  ['provider', 'virtual_key_exhaust_error', '04'],
  ['policy', 'usage_limits_policy_exhaust_error', '06'],
] as const)('Portkey’s word for the budget of a %s is %s', (level, type, code) => {
  const { portkey } = refusal({ budget: { level }, context: { caller: { errorFormat: 'portkey' } } })
  expect(portkey).toEqual({ status: 412, type, code })
})

test('a client in gateway mode waits until the budget begins anew', () => {
  const error = refusal({ context: { readsNotices: true } })
  expect(error).toMatchObject({ status: 429, isFinal: true, retryAfterSeconds: (6 * 24 + 11) * 3_600 })
})

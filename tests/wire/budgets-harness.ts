import type { CallLimits } from '../../src/gateway/parts.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { BucketState } from '../../src/limits/budgets.ts'
import { createBudgets } from '../../src/limits/create-budgets.ts'
import type { Budget, LimitLevel } from '../../src/limits/limit.ts'
import { createRulebook, type PolicyLimit } from '../../src/limits/rulebook.ts'
import type { HttpAnswer } from '../../src/testing/http.ts'
import { CALLER, EVENT_STREAM, NO_LIMITS, type RunningDataPlane, WHOLE_STREAM, type start } from './data-plane.ts'

/** Whom a budget of each level is set for, in the data plane of tests. */
const SUBJECTS: Readonly<Record<Exclude<LimitLevel, 'policy'>, string>> = {
  organisation: CALLER.organisationId,
  workspace: CALLER.workspaceId,
  user: CALLER.userId!,
  key: CALLER.keyId,
  provider: 'provider-1',
  integration: `integration-1:${CALLER.workspaceId}`,
}

export const LEVELS = [...Object.keys(SUBJECTS), 'policy'] as readonly LimitLevel[]

/** A budget of 10,000 nano-dollars a month for the key; in the data plane of tests every token costs one. */
export function budget(more: Partial<Budget> = {}): Budget {
  const level = more.level ?? 'key'
  return {
    kind: 'budget',
    id: `budget-${level}`,
    level,
    of: `${level} “ci”`,
    workspaceId: CALLER.workspaceId,
    unit: 'cost',
    amount: 10_000n,
    reset: { every: 'month' },
    since: 0,
    hard: true,
    mode: 'strict',
    alertAt: [],
    ...more,
  }
}

export interface BudgetedLimits extends CallLimits {
  stateOf(id: string): BucketState
}

/** The parts of a data plane with these budgets and nothing else that limits. */
export function limitTo(budgets: readonly Budget[], clock: Clock, more: Partial<CallLimits> = {}): BudgetedLimits {
  const rulebook = createRulebook({
    limits: budgets.flatMap((limit) => (limit.level === 'policy' ? [] : [{ limit, subjectId: SUBJECTS[limit.level] }])),
    policies: budgets
      .filter(({ level }) => level === 'policy')
      .map((limit): PolicyLimit => ({ limit, conditions: [], groupBy: [] })),
    resets: new Map(),
    providerKinds: new Map(),
  })
  const counted = createBudgets({ clock, zone: () => 'UTC' })
  return {
    ...NO_LIMITS,
    rulebook: () => rulebook,
    budgets: counted,
    organisation: () => ({ timeZone: undefined, contact: '#ai-platform' }),
    ...more,
    stateOf: (id) =>
      counted.state(
        budgets.find((each) => each.id === id)!,
        id,
      ),
  }
}

/** What the ledger says that all calls came to. */
export function billed({ entries }: RunningDataPlane): { readonly costNanos: bigint; readonly requests: number } {
  return {
    costNanos: entries.reduce((sum, { closing }) => sum + (closing?.costNanos ?? 0n), 0n),
    requests: entries.filter(({ opening }) => opening.ordinal === 0).length,
  }
}

export const MESSAGE = { model: 'claude-sonnet-5-5', max_tokens: 64, messages: [{ role: 'user', content: 'Say hi' }] }

/** 25 tokens in, 7 out, as WHOLE_STREAM. */
export const ANSWER = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 25, output_tokens: 7 },
})
export const COST = 32n

export type Turn = Parameters<typeof start>[0]

export const answer: Turn = (_request, response, body) => {
  if (body.includes('"stream":true')) response.writeHead(200, EVENT_STREAM).end(WHOLE_STREAM.join(''))
  else response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER)
}

export function errorIn({ body }: HttpAnswer): { readonly type: string; readonly message: string } {
  return (JSON.parse(body.toString()) as { error: { type: string; message: string } }).error
}

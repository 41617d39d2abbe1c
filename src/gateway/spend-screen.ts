import type { IncomingMessage } from 'node:http'
import type { LimitedCall } from '../limits/limit.ts'
import type { Caller } from './exchange.ts'
import type { GatewayParts } from './parts.ts'
import { periodName, shareOf } from './limits/spend-notices.ts'
import { findCaller } from './stages/authenticate.ts'

/** From here on the client shows a bar in the colour of a warning, and of an alarm. */
const WARNING = 0.75
const ALARM = 0.95

const NANOS_PER_CENT = 10_000_000n

/**
 * `GET /api/oauth/usage`: what Claude Code in gateway mode asks for its `/usage` screen (measured with 2.1.330). One bar for each budget of dollars
 * that stands with the caller and has a period that the client can name, and the fullest of them in whole cents. What hangs on a target is not
 * known here.
 */
export function answerSpending(parts: Pick<GatewayParts, 'keys' | 'limits'>, { rawHeaders }: IncomingMessage): object {
  const caller = findCaller(parts.keys, rawHeaders)
  const { budgets } = parts.limits
  const bars = parts.limits
    .rulebook()
    .purses(nowhere(caller))
    .filter(({ budget }) => budget.unit === 'cost' && budget.hard)
    .map((purse) => {
      const state = budgets.state(purse.budget, purse.bucket)
      return { purse, state, share: shareOf(purse.budget, state) }
    })
    .sort((a, b) => b.share - a.share)
  const [fullest] = bars
  return {
    extra_usage: {
      is_enabled: fullest !== undefined,
      monthly_limit: fullest === undefined ? null : cents(fullest.purse.budget.amount),
      used_credits: fullest === undefined ? 0 : cents(fullest.state.spent),
      utilization: fullest === undefined ? null : percent(fullest.share),
      currency: 'USD',
    },
    limits: bars.flatMap(({ purse, state, share }) => {
      const group = periodName(purse.budget.reset)
      // The screen would call any other period a month.
      if (group === undefined || state.resetsAt === undefined) return []
      return {
        kind: 'spend',
        group,
        percent: percent(share),
        resets_at: new Date(state.resetsAt).toISOString(),
        severity: share >= ALARM ? 'critical' : share >= WARNING ? 'warning' : 'normal',
        is_active: purse === fullest!.purse,
      }
    }),
  }
}

/** A call of this caller that goes to no target, so that only the limits apply that stand with the caller. */
function nowhere({ organisationId, workspaceId, userId, keyId, metadata }: Caller): LimitedCall {
  return {
    organisationId,
    workspaceId,
    userId,
    keyId,
    metadata,
    endpoint: 'messages',
    providerId: '',
    providerSlug: '',
    integrationId: '',
    model: '',
    configId: undefined,
  }
}

function percent(share: number): number {
  return Math.floor(share * 100)
}

function cents(nanos: bigint): number {
  return Number((nanos + NANOS_PER_CENT - 1n) / NANOS_PER_CENT)
}

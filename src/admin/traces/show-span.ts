import type { z } from 'zod'
import type { Span } from '../../contract/traces.ts'
import type { StoredStep } from '../../store/documents.ts'
import type { StoredExchange } from '../../store/exchanges.ts'
import type { StoredCall } from '../../store/ledger-calls.ts'
import { showCost, showTokens } from '../logs/show-cost.ts'
import { showMoment } from '../show-moment.ts'

type ShownSpan = z.output<typeof Span>
type ShownStep = ShownSpan['steps'][number]

/** A request as a span; where it hangs is the trace's to say. `calls` are its entries in the ledger. */
export function showSpan(
  exchange: StoredExchange,
  calls: readonly StoredCall[],
): Omit<ShownSpan, 'id' | 'parent_id' | 'depth'> {
  return {
    name: exchange.span_name ?? exchange.model_asked ?? exchange.endpoint,
    log: exchange.id,
    session: exchange.session_key,
    agent_id: exchange.agent_id,
    workspace_id: exchange.workspace_id,
    started_at: showMoment(exchange.received_at),
    ended_at: showMoment(exchange.received_at + exchange.total_ms),
    duration_ms: exchange.total_ms,
    status: exchange.status,
    outcome: exchange.outcome,
    error_code: exchange.error_code,
    model: exchange.model_served ?? exchange.model_asked,
    tokens: showTokens(exchange),
    ...showCost(exchange.cost_nanos),
    steps: [...showCache(exchange), ...showSteps(exchange, calls)],
  }
}

function showCache({ id, cache_status: status }: StoredExchange): ShownStep[] {
  if (status === null || status === 'DISABLED') return []
  return [{ ...NO_CALL, id: `${id}/cache`, kind: 'cache', path: null, provider: null, result: status, reason: null }]
}

const NO_CALL = {
  model: null,
  status: null,
  started_at: null,
  ended_at: null,
  duration_ms: null,
  ...showCost(0n),
} as const

/**
 * The steps of the route, each with the call that was made for it. A step that came to no call (a target that was passed over,
 * a budget that did not allow it) has no times; a call that no step tells of, because the process died before, comes last.
 */
function showSteps({ id, route }: StoredExchange, calls: readonly StoredCall[]): ShownStep[] {
  const waiting = [...calls]
  let before: StoredStep | undefined
  const told = route.map((step, index): ShownStep => {
    const isCalled = step.result !== 'skipped' && waiting[0]?.provider_slug === step.provider
    const call = isCalled ? waiting.shift() : undefined
    const kind = step.result === 'skipped' ? 'skipped' : kindAfter(before)
    before = step
    return {
      ...(call === undefined ? NO_CALL : showCall(call)),
      id: `${id}/${index}`,
      kind,
      path: step.path,
      provider: step.provider === undefined ? null : `@${step.provider}`,
      result: step.result,
      status: step.status ?? call?.upstream_status ?? null,
      reason: step.reason ?? null,
      duration_ms: step.ms,
    }
  })
  const untold = waiting.map((call): ShownStep => ({
    ...showCall(call),
    id: `${id}/call-${call.ordinal}`,
    kind: 'try',
    path: null,
    provider: `@${call.provider_slug}`,
    result: call.outcome,
    status: call.upstream_status,
    reason: call.interrupted_by,
  }))
  return [...told, ...untold]
}

function showCall(call: StoredCall) {
  return {
    model: call.model_served ?? call.model,
    started_at: showMoment(call.opened_at),
    ended_at: showMoment(call.closed_at),
    duration_ms: call.closed_at - call.opened_at,
    ...showCost(call.cost_nanos),
  }
}

/** What a step is, by what came of the one before it. */
function kindAfter(before: StoredStep | undefined): ShownStep['kind'] {
  switch (before?.result) {
    case undefined:
      return 'try'
    case 'retried':
      return 'retry'
    case 'repaired':
      return 'repair'
    case 'answered':
    case 'failed':
    case 'skipped':
      return 'fallback'
  }
}

import type { z } from 'zod'
import { type Agent, AgentTree } from '../../contract/coding-sessions.ts'
import { AGENTS_MAX, type AgentSums, listAgentPrompts, listAgents as listAgentSums } from '../../store/sessions.ts'
import type { UsageSums } from '../../store/usage-sums.ts'
import { placeByClaims } from '../claimed-tree.ts'
import { showCost, showTokens } from '../logs/show-cost.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { seeCodingSession } from './see-coding-session.ts'

export const listAgents = route({
  method: 'GET',
  path: '/sessions/:id/agents',
  summary: 'Show the tree of agents of a session, with what each came to',
  scope: ['logs.view', 'logs.read'],
  reply: AgentTree,
  async handle({ caller, params }, { store, flushRecords }) {
    await flushRecords()
    const { session, scope } = await seeCodingSession(store.db, caller, params.id)
    const agents = await listAgentSums(store.db, scope, session.id)
    const prompts = Map.groupBy(await listAgentPrompts(store.db, scope, session.id), ({ agent_id: id }) => id)
    const places = placeByClaims(
      agents.map((sums) => ({ id: sums.agent_id, claimedParent: sums.parent_agent_id, sums })),
    )
    const own = new Map<string | null, Sums>(places.map(({ id, item }) => [id, item?.sums ?? NOTHING]))
    const totals = new Map(own)
    // Whoever comes later in the order is never above: from the end, each hands on what has come together below it.
    for (const { id, parentId } of places.toReversed()) {
      if (id !== null) totals.set(parentId, add(totals.get(parentId)!, totals.get(id)!))
    }
    return {
      object: 'agent-tree' as const,
      agents: places.map(({ id, item, parentId, depth }) => ({
        id,
        parent_id: parentId,
        depth,
        claims_parent: item?.claimedParent ?? null,
        prompt_ids: (prompts.get(id) ?? []).flatMap(({ prompt_id: prompt }) => prompt ?? []),
        first_at: showMoment(item?.sums.first_at ?? null),
        last_at: showMoment(item?.sums.last_at ?? null),
        own: showSums(own.get(id)!),
        total: showSums(totals.get(id)!),
      })),
      complete: agents.length < AGENTS_MAX,
    }
  },
})

type Sums = Pick<AgentSums, 'requests' | 'errors' | keyof UsageSums>

const NOTHING: Sums = {
  requests: 0,
  errors: 0,
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_write_5m_tokens: 0,
  cache_write_1h_tokens: 0,
  thinking_tokens: 0,
  web_searches: 0,
  web_fetches: 0,
  code_executions: 0,
  estimated: 0,
  cost_nanos: 0n,
}

function add(one: Sums, other: Sums): Sums {
  return {
    requests: one.requests + other.requests,
    errors: one.errors + other.errors,
    input_tokens: one.input_tokens + other.input_tokens,
    output_tokens: one.output_tokens + other.output_tokens,
    cache_read_tokens: one.cache_read_tokens + other.cache_read_tokens,
    cache_write_5m_tokens: one.cache_write_5m_tokens + other.cache_write_5m_tokens,
    cache_write_1h_tokens: one.cache_write_1h_tokens + other.cache_write_1h_tokens,
    thinking_tokens: one.thinking_tokens + other.thinking_tokens,
    web_searches: one.web_searches + other.web_searches,
    web_fetches: one.web_fetches + other.web_fetches,
    code_executions: one.code_executions + other.code_executions,
    estimated: one.estimated + other.estimated,
    cost_nanos: one.cost_nanos + other.cost_nanos,
  }
}

function showSums(sums: Sums): z.output<typeof Agent>['own'] {
  return {
    requests: sums.requests,
    errors: sums.errors,
    tokens: showTokens(sums),
    ...showCost(sums.cost_nanos),
  }
}

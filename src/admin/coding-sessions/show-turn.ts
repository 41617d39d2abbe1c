import type { z } from 'zod'
import type { Turn } from '../../contract/coding-sessions.ts'
import type { StoredTurn } from '../../store/sessions.ts'
import { showCost, showTokens } from '../logs/show-cost.ts'
import { showMoment } from '../show-moment.ts'
import { cacheHitRate } from './show-coding-session.ts'

export function showTurn(turn: StoredTurn, isReadable: boolean): z.output<typeof Turn> {
  return {
    id: turn.id,
    object: 'turn',
    created_at: showMoment(turn.received_at),
    agent_id: turn.agent_id,
    parent_agent_id: turn.parent_agent_id,
    prompt_id: turn.prompt_id,
    request_class: turn.request_class,
    model: turn.model_served ?? turn.model_asked,
    provider: turn.provider_slug === null ? null : `@${turn.provider_slug}`,
    status: turn.status,
    outcome: turn.outcome,
    error_code: turn.error_code,
    stop_reason: turn.stop_reason,
    tokens: showTokens(turn),
    ...showCost(turn.cost_nanos),
    cache_hit_rate: cacheHitRate(turn),
    response_time: turn.total_ms,
    first_token_ms: turn.first_token_ms,
    request_bytes: turn.request_bytes,
    response_bytes: turn.response_bytes,
    fresh_bytes: turn.fresh_bytes,
    messages: turn.messages,
    first_changed_message: turn.first_changed_message,
    tools_hash: turn.tools_hash,
    system_hash: turn.system_hash,
    tools: turn.tools_called === null ? null : [...turn.tools_called],
    preview: isReadable ? turn.preview : null,
    content: turn.body_state,
  }
}

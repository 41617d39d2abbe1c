import type { z } from 'zod'
import type { Log } from '../../contract/logs.ts'
import type { StoredExchange } from '../../store/exchanges.ts'
import { listProviders } from '../../store/providers.ts'
import { readTurnFacts, type TurnFactsRow } from '../../store/turn-facts.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import type { AdminCaller } from '../caller.ts'
import { openContents } from '../content/content-right.ts'
import type { AdminParts } from '../parts.ts'
import { showMoment } from '../show-moment.ts'
import { inputTokens, showCost, showTokens } from './show-cost.ts'

export type ShownLog = z.output<typeof Log>

/** Records as answers, with what workspaces and providers are called today, and previews where the caller may see content. */
export async function showLogs(
  parts: Pick<AdminParts, 'store' | 'clock'>,
  caller: AdminCaller,
  exchanges: readonly StoredExchange[],
): Promise<ShownLog[]> {
  const { db } = parts.store
  const { organisationId } = caller
  const workspaces = new Map((await listWorkspaces(db, organisationId)).items.map(({ id, slug }) => [String(id), slug]))
  const kinds = new Map((await listProviders(db, organisationId)).items.map(({ id, kind }) => [String(id), kind]))
  const turns = await readTurnFacts(
    db,
    exchanges.map(({ id }) => id),
  )
  const withPreview = exchanges.filter(({ id }) => (turns.get(id)?.preview ?? null) !== null)
  const opened = await openContents(caller, withPreview, parts)
  return exchanges.map((exchange) => {
    const turn = turns.get(exchange.id)
    return showLog(exchange, {
      workspaceSlug: workspaces.get(exchange.workspace_id ?? '') ?? null,
      kind: kinds.get(exchange.provider_id ?? '') ?? null,
      turn: turn === undefined || opened.has(exchange.id) ? turn : { ...turn, preview: null },
    })
  })
}

/** What is not in a record's own row. */
interface Beside {
  readonly workspaceSlug: string | null
  readonly kind: string | null
  readonly turn: TurnFactsRow | undefined
}

function showLog(exchange: StoredExchange, { workspaceSlug, kind, turn }: Beside): ShownLog {
  const input = inputTokens(exchange)
  return {
    id: exchange.id,
    object: 'log',
    created_at: showMoment(exchange.received_at),
    trace_id: exchange.trace_id,
    organisation_id: exchange.organisation_id,
    workspace_id: exchange.workspace_id,
    workspace_slug: workspaceSlug,
    api_key_id: exchange.key_id,
    user_id: exchange.user_id,
    _user: exchange.metadata['_user'] ?? null,
    metadata: { ...exchange.metadata },
    request_url: exchange.endpoint === 'count_tokens' ? '/v1/messages/count_tokens' : '/v1/messages',
    request_method: 'POST',
    is_success: exchange.outcome === 'completed' && exchange.status < 400,
    response_status_code: exchange.status,
    ai_org: kind,
    ai_model: exchange.model_served ?? exchange.model_asked,
    virtual_key: exchange.provider_slug,
    req_units: input,
    res_units: exchange.output_tokens,
    total_units: input + exchange.output_tokens,
    ...showCost(exchange.cost_nanos),
    response_time: exchange.total_ms,
    gateway_processing_time: exchange.overhead_ms,
    stream_mode: exchange.streaming === 1,
    retry_success_count: exchange.status < 400 ? Math.max(0, exchange.attempts - 1) : 0,
    price_version: exchange.price_version,
    tokens: showTokens(exchange),
    session: exchange.session_key,
    session_id: exchange.session_id,
    project: exchange.project,
    agent_id: exchange.agent_id,
    parent_agent_id: exchange.parent_agent_id,
    prompt_id: exchange.prompt_id,
    request_class: exchange.request_class,
    client: exchange.client,
    client_version: exchange.client_version,
    model_asked: exchange.model_asked,
    model_served: exchange.model_served,
    provider: exchange.provider_slug === null ? null : `@${exchange.provider_slug}`,
    provider_id: exchange.provider_id,
    attempts: exchange.attempts,
    config: exchange.config_id,
    config_version_id: exchange.config_version_id,
    target_path: exchange.target_path,
    retries: exchange.retries,
    cache_status: exchange.cache_status,
    route: exchange.route.map(({ path, provider = null, result, status = null, reason = null, ms }) => ({
      path,
      provider,
      result,
      status,
      reason,
      ms,
    })),
    changes: [...exchange.changes],
    upstream_request_id: exchange.upstream_request_id,
    outcome: exchange.outcome,
    interrupted_by: exchange.interrupted_by,
    error_code: exchange.error_code,
    stop_reason: exchange.stop_reason,
    queue_ms: exchange.queue_ms,
    connect_ms: exchange.connect_ms,
    first_byte_ms: exchange.first_byte_ms,
    first_token_ms: exchange.first_token_ms,
    request_bytes: exchange.request_bytes,
    response_bytes: exchange.response_bytes,
    content: exchange.body_state,
    fresh_bytes: turn?.freshBytes ?? null,
    tools_called: turn === undefined ? null : [...turn.toolsCalled],
    preview: turn?.preview ?? null,
    source: exchange.source,
    flags: flagsOf(exchange),
  }
}

function flagsOf({ estimated, price_flag: priceFlag }: StoredExchange): ShownLog['flags'] {
  const flags: ShownLog['flags'] = estimated === 0 ? [] : ['usage_estimated']
  if (priceFlag === 'unknown_model' || priceFlag === 'free') flags.push(priceFlag)
  return flags
}

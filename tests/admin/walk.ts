import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { listPrices } from '../../src/core/prices/list-prices.ts'
import { callRow, exchangeRow } from '../store/rows.ts'
import { addUser } from '../store/tenants.ts'
import type { ControlPlane, Method } from './harness.ts'
import { keepBodies, type KeptBodies } from './kept-bodies.ts'

/** What an endpoint is asked with. Paths are as in ADMIN_ROUTES. */
export interface Asked {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Goes into the header `x-portcullis-reason`. */
  readonly reason?: string
  /** As somebody who signed in with a link, not with a key. */
  readonly signedIn?: boolean
}

export type Ask = (endpoint: `${Method} /${string}`, asked?: Asked) => Promise<Told>

/** An answer, whatever its shape. */
export type Told = Readonly<Record<string, string>>

/**
 * One of everything is made, listed, read, changed and deleted: every endpoint is asked something it can do. Alerts go to
 * `hookUrl`.
 */
export async function walkEveryEndpoint(
  { store, workspace, clock, exports }: ControlPlane,
  ask: Ask,
  hookUrl: string,
): Promise<void> {
  const here = { workspace_id: workspace.id }
  const { id: colleague } = await addUser(store.db, workspace.organisationId)

  await ask('POST /integrations', {
    body: { name: 'Claude', ai_provider_id: 'anthropic', key: 'sk-ant-x', slug: 'claude' },
  })
  const claude = { params: { slug: 'claude' } }
  await ask('GET /integrations', { query: { type: 'all', page_size: '10' } })
  await ask('GET /integrations/:slug', claude)
  await ask('PUT /integrations/:slug', { ...claude, body: { name: 'Other', key: 'sk-ant-y' } })
  await ask('PUT /integrations/:slug/models', { ...claude, body: { models: [{ slug: 'claude-x', enabled: true }] } })
  await ask('GET /integrations/:slug/models', claude)
  await ask('DELETE /integrations/:slug/models', { ...claude, query: { slugs: 'claude-x' } })
  await ask('PUT /integrations/:slug/workspaces', {
    ...claude,
    body: { workspaces: [{ id: workspace.slug, enabled: true }] },
  })
  await ask('GET /integrations/:slug/workspaces', claude)

  await ask('POST /providers', { body: { name: 'Second', slug: 'second', integration_id: 'claude', ...here } })
  const second = { params: { slug: 'second' } }
  await ask('GET /providers', { query: here })
  await ask('GET /providers/:slug', { ...second, query: here })
  await ask('PUT /providers/:slug', { ...second, body: { note: 'A note', ...here } })
  await ask('DELETE /providers/:slug', { ...second, query: here })
  await ask('POST /virtual-keys', {
    body: { name: 'Virtual', provider: 'anthropic', key: 'sk-ant-x', slug: 'virtual', ...here },
  })
  const virtual = { params: { slug: 'virtual' } }
  await ask('GET /virtual-keys', { query: here })
  await ask('GET /virtual-keys/:slug', virtual)
  await ask('PUT /virtual-keys/:slug', { ...virtual, body: { key: 'sk-ant-y', note: 'Ours' } })
  await ask('DELETE /virtual-keys/:slug', virtual)
  await ask('GET /circuits')
  await ask('DELETE /cache', { query: here })

  const document = { strategy: { mode: 'single' }, targets: [{ provider: '@sandbox' }] }
  await ask('GET /configs/schema')
  await ask('POST /configs/check', { body: { config: document, ...here } })
  const config = await ask('POST /configs', { body: { name: 'Main', config: document, ...here } })
  const main = { params: { slug: config['slug']! } }
  await ask('GET /configs', { query: here })
  await ask('GET /configs/:slug', main)
  await ask('PUT /configs/:slug', { ...main, body: { name: 'Other', config: document } })
  await ask('GET /configs/:slug/versions', main)
  await ask('DELETE /configs/:slug', main)

  const key = await ask('POST /api-keys/:type/:subtype', {
    params: { type: 'workspace', subtype: 'service' },
    body: { name: 'A key', scopes: ['completions.write'], ...here },
  })
  const aKey = { params: { id: key['id']! } }
  await ask('GET /api-keys', { query: here })
  await ask('GET /api-keys/:id', aKey)
  await ask('GET /explain', { query: { key: String(aKey.params.id), model: 'claude-opus-5-5' } })
  await ask('PUT /api-keys/:id', { ...aKey, body: { name: 'Other' } })
  await ask('POST /api-keys/:id/rotate', { ...aKey, body: { key_transition_period_ms: 1_800_000 } })
  await ask('DELETE /api-keys/:id', aKey)

  const team = await ask('POST /admin/workspaces', { body: { name: 'Team', description: 'A team' } })
  const inTeam = { params: { id: team['id']! } }
  const member = { params: { id: team['id']!, uid: colleague } }
  await ask('GET /admin/workspaces', { query: { exact_name: 'Team' } })
  await ask('GET /admin/workspaces/:id', inTeam)
  await ask('PUT /admin/workspaces/:id', {
    ...inTeam,
    body: { description: 'Another', defaults: { metadata: { a: 'b' } } },
  })
  await ask('POST /admin/workspaces/:id/users', { ...inTeam, body: { users: [{ id: colleague, role: 'member' }] } })
  await ask('GET /admin/workspaces/:id/users', inTeam)
  await ask('GET /admin/workspaces/:id/users/:uid', member)
  await ask('PUT /admin/workspaces/:id/users/:uid', { ...member, body: { role: 'manager' } })
  await ask('DELETE /admin/workspaces/:id/users/:uid', member)
  await ask('DELETE /admin/workspaces/:id', { ...inTeam, body: { name: 'Team', force_delete: true } })

  await ask('GET /organisation')
  await ask('PUT /organisation', { body: { time_zone: 'Europe/Berlin', contact: '#ai-platform' } })

  const invite = await ask('POST /admin/users/invites', { body: { email: 'ann@example.com', role: 'admin' } })
  const ann = { params: { id: invite['id']! } }
  await ask('GET /admin/users/invites', { query: { pageSize: '10', currentPage: '0' } })
  await ask('GET /admin/users/invites/:id', ann)
  await ask('POST /admin/users/invites/:id/resend', ann)
  await ask('DELETE /admin/users/invites/:id', ann)

  const owner = { params: { id: 'admin@localhost' } }
  await ask('GET /admin/users')
  await ask('GET /admin/users/:id', owner)
  await ask('PUT /admin/users/:id', { ...owner, body: { first_name: 'Ada' } })
  await ask('POST /admin/users/:id/sign-in-link', owner)
  await ask('DELETE /admin/users/:id', { params: { id: colleague } })
  await ask('GET /sessions/current')
  await ask('POST /sessions/current/password', { signedIn: true, body: { new_password: 'correct horse battery' } })

  const channel = await ask('POST /alerts/channels', {
    body: { name: 'Hook', kind: 'webhook', url: hookUrl, events: ['*'] },
  })
  const hook = { params: { id: channel['id']! } }
  await ask('GET /alerts')
  await ask('GET /alerts/channels')
  await ask('GET /alerts/channels/:id', hook)
  await ask('PUT /alerts/channels/:id', { ...hook, body: { name: 'Other' } })
  await ask('POST /alerts/channels/:id/test', hook)
  await ask('DELETE /alerts/channels/:id', hook)

  const grouped = { group_by: [{ key: 'user' }], conditions: [{ key: 'model', value: 'claude-*' }], ...here }
  const budget = await ask('POST /policies/usage-limits', {
    body: { name: 'Each', type: 'cost', credit_limit: 50, periodic_reset: 'weekly', alert_threshold: 40, ...grouped },
  })
  const each = { params: { id: budget['id']! } }
  const ada = { params: { ...each.params, eid: Buffer.from('["ada"]').toString('base64url') } }
  await ask('GET /policies/usage-limits', { query: here })
  await ask('GET /policies/usage-limits/:id', { ...each, query: { include_usage: 'true' } })
  await ask('PUT /policies/usage-limits/:id', { ...each, body: { credit_limit: '60.5' } })
  await ask('GET /policies/usage-limits/:id/entities', each)
  await ask('PUT /policies/usage-limits/:id/entities/:eid/reset', ada)
  await ask('DELETE /policies/usage-limits/:id', each)
  const rate = await ask('POST /policies/rate-limits', {
    body: { name: 'Slow', type: 'requests', unit: 'rpm', value: 60, ...grouped },
  })
  const slow = { params: { id: rate['id']! } }
  await ask('GET /policies/rate-limits', { query: here })
  await ask('GET /policies/rate-limits/:id', slow)
  await ask('PUT /policies/rate-limits/:id', { ...slow, body: { value: 30 } })
  await ask('DELETE /policies/rate-limits/:id', slow)

  await ask('GET /logs', { query: { limit: '5' } })
  await ask('GET /logs/facets', { query: { fields: 'model,tag.team' } })
  await ask('GET /logs/search', { query: { text: 'retry' }, reason: 'a walk' })
  await ask('GET /logs/filter', { query: { q: 'model:opus* is:' } })
  await ask('GET /logs/:id', { params: { id: LOG_ID } })
  await ask('GET /logs/facets', { query: here })
  await ask('GET /logs/search', { query: { ...here, text: 'words' }, reason: 'a walk' })
  await ask('GET /logs/filter', { query: { q: 'model:opus* -status:200' } })
  await ask('GET /usage/series', { query: { ...here, metric: 'cost', by: 'day' } })
  await ask('GET /usage/breakdown', { query: { ...here, group: 'model' } })
  await ask('GET /usage/summary', { query: here })
  await ask('GET /usage/series', { query: { group: 'model' } })
  await ask('GET /usage/breakdown', { query: here })
  await ask('GET /usage/client-metrics', { query: here })
  const log = { params: { id: LOG_ID }, reason: 'a walk' }
  await ask('GET /logs/:id/bodies', log)
  await ask('GET /logs/:id/bodies/:kind', { ...log, params: { id: LOG_ID, kind: 'client_request' } })
  await ask('GET /logs/:id/delta', log)
  await ask('GET /logs/compare', { query: { a: LOG_ID, b: LOG_ID }, reason: 'a walk' })
  await ask('GET /logs/:id/openings', { params: { id: LOG_ID } })
  await ask('GET /sessions')
  const session = { params: { id: SESSION_ID }, reason: 'a walk' }
  await ask('GET /sessions/:id', { params: { id: SESSION_ID } })
  await ask('GET /sessions/:id/turns', { params: { id: SESSION_ID } })
  await ask('GET /sessions/:id/agents', { params: { id: SESSION_ID } })
  await ask('GET /sessions/:id/events', { params: { id: SESSION_ID } })
  await ask('GET /sessions/:id/replay', session)
  await ask('GET /sessions/:id/openings', { params: { id: SESSION_ID } })
  await ask('GET /traces/:id', { params: { id: TRACE_ID } })
  await ask('GET /records/settings', { query: here })
  await ask('POST /records/masking/test', { body: { masking: [{ name: 'email' }], text: 'ana@example.com' } })
  await ask('GET /records/holds')
  const hold = await ask('POST /records/holds', {
    body: { subject: 'session', id: SESSION_ID, reason: 'Case 7' },
  })
  await ask('DELETE /records/holds/:id', { params: { id: hold['id']! } })
  await ask('DELETE /logs/:id/content', { params: { id: LOG_ID } })
  await ask('DELETE /sessions/:id', { params: { id: SESSION_ID } })
  await ask('DELETE /admin/users/:id/content', { params: { id: 'admin@localhost' } })
  await ask('DELETE /admin/workspaces/:id/content', { params: { id: workspace.id } })
  await ask('POST /logs', { query: here, body: { request: { body: { model: 'claude-opus-5' } } } })
  const feedback = await ask('POST /feedback', { query: here, body: { trace_id: TRACE_ID, value: 5 } })
  const [given = ''] = feedback['feedback_ids'] as unknown as readonly string[]
  await ask('PUT /feedback/:id', { params: { id: given }, body: { value: 4 } })
  const exported = await ask('POST /logs/exports', { body: { ...here, requested_data: ['id', 'cost'] } })
  const anExport = { params: { id: exported['id']! } }
  await ask('GET /logs/exports', { query: here })
  await ask('GET /logs/exports/field-restrictions')
  await ask('GET /logs/exports/:id', anExport)
  await ask('PUT /logs/exports/:id', { ...anExport, body: { format: 'csv' } })
  // As if another gateway were writing it, so that it is not done before it is cancelled.
  const elsewhere = { status: 'in_progress', folder: 'elsewhere', started_at: 1 }
  await store.db.updateTable('log_exports').set(elsewhere).where('id', '=', anExport.params.id).execute()
  await ask('POST /logs/exports/:id/cancel', anExport)
  await ask('POST /logs/exports/:id/start', anExport)
  await exports.settle()
  await ask('GET /logs/exports/:id/download', anExport)
  for (const path of ANALYTICS) {
    const params = { key: 'team', groupBy: 'model' }
    await ask(`GET ${path}` as 'GET /', { params, query: { workspace_slug: workspace.slug } })
  }
  await ask('GET /prices')
  await ask('POST /prices', {
    body: { id: 'test', valid_from: new Date(clock.now()).toISOString(), table: listPrices.json },
  })
  await ask('GET /audit-logs', { query: { page_size: '3' } })
  await ask('GET /audit-logs/verify')
  await ask('DELETE /integrations/:slug', claude)

  await ask('GET /configuration')
  await ask('GET /configuration/schema')
  const file = {
    document: 'portcullis: 1\nname: platform\nworkspaces:\n  payments:\n    name: Payments\n',
    prune: true,
  }
  const plan = await ask('POST /configuration/plan', { body: file })
  await ask('POST /configuration/apply', { body: { ...file, plan_id: plan['plan_id'], secrets: {} } })
}

const ANALYTICS = ADMIN_ROUTES.map(({ path }) => path).filter((path) => path.startsWith('/analytics/'))

/** Of the exchange that lies in the store before the walk. */
export const LOG_ID = 'req_019ab3f2c4d01f2e3d4c5b6a79881726'

/** Of its session, and its trace. */
export const SESSION_ID = 'ses_00112233445566778899aabbccddeeff'
export const TRACE_ID = 'trace'

/** That exchange, in a workspace, and the call that was made for it. */
export async function addWalkedLog({ store, workspace }: ControlPlane): Promise<void> {
  const ours = { organisation_id: workspace.organisationId, workspace_id: workspace.id, session_key: SESSION_ID }
  await store.insertMany('exchanges', [exchangeRow({ ...ours, id: LOG_ID, trace_id: TRACE_ID })])
  await store.insertMany('ledger_calls', [callRow({ ...ours, exchange_id: LOG_ID, closed_at: 2_000 })])
}

/** What was kept of it. */
export function keepWalkedBodies(): KeptBodies {
  const bodies = keepBodies()
  bodies.keep(LOG_ID, 'client_request', '{"messages":[]}')
  return bodies
}

import type { z } from 'zod'
import { AuditQuery, AuditRecords } from '../../contract/audit.ts'
import { type AuditFilter, listAuditEntries } from '../../store/audit.ts'
import { windowOf } from '../page.ts'
import { route } from '../route.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'
import { showEntry } from './show-entry.ts'

export const listAudit = route({
  method: 'GET',
  path: '/audit-logs',
  summary: 'List who changed what, newest first',
  scope: ['audit_logs.list'],
  query: AuditQuery,
  reply: AuditRecords,
  async handle({ caller, query }, { store }) {
    const workspaceId = await scopeOf(store.db, caller, query.workspace_id)
    const isElsewhere = query.organisation_id !== undefined && query.organisation_id !== caller.organisationId
    if (isElsewhere || query.country !== undefined) return { records: [], total: 0 }
    const filter = { ...filterOf(query), workspaceId }
    const { items, total } = await listAuditEntries(store.db, caller.organisationId, filter, windowOf(query))
    return { records: items.map(showEntry), total }
  },
})

function filterOf(query: z.output<typeof AuditQuery>): AuditFilter {
  const { start_time: start, end_time: end } = query
  return {
    from: start === undefined ? undefined : Date.parse(start),
    to: end === undefined ? undefined : Date.parse(end),
    action: query.action,
    resourceType: query.resource_type,
    resourceId: query.resource_id,
    actorId: query.user_id,
    actorType: query.user_type,
    request: {
      id: query.request_id,
      method: query.method,
      uri: query.uri,
      client_ip: query.client_ip,
      status: query.response_status_code,
    },
    after: query.after_number,
  }
}

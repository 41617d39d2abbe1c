import type { z } from 'zod'
import type { AuditRecord } from '../../contract/audit.ts'
import type { AuditEntry } from '../../store/audit.ts'
import { showMoment } from '../show-moment.ts'

export function showEntry(entry: AuditEntry): z.output<typeof AuditRecord> {
  const { actor, request, reason } = entry
  const headers = {
    'user-agent': request.user_agent,
    'x-forwarded-for': request.forwarded_for,
    'x-portcullis-reason': reason,
  }
  return {
    number: entry.number,
    timestamp: showMoment(entry.at),
    action: entry.action,
    resource_type: entry.resourceType,
    resource_id: entry.resourceId,
    organisation_id: entry.organisationId,
    workspace_id: entry.workspaceId,
    user_type: actor.type,
    user_id: actor.id,
    user_name: actor.name,
    key_user_id: actor.type === 'api_key' ? actor.user_id : null,
    method: request.method,
    uri: request.uri,
    query_params: Object.fromEntries(new URLSearchParams(request.uri.split('?')[1])),
    request_id: request.id,
    request_body: null,
    request_headers: Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
    ),
    response_status_code: request.status,
    client_ip: request.client_ip,
    country: null,
    reason,
    before: entry.before,
    after: entry.after,
    previous_hash: entry.previousHash,
    hash: entry.hash,
  }
}

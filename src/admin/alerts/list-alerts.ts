import type { z } from 'zod'
import { type AlertDelivery, AlertList, AlertQuery } from '../../contract/alerts.ts'
import { listDeliveries, type ListedDelivery } from '../../store/alert-deliveries.ts'
import { showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'

/** Those of the last thirty days. */
export const listAlerts = route({
  method: 'GET',
  path: '/alerts',
  summary: 'List the latest alerts and what became of them, newest first',
  scope: ['alerts.list'],
  query: AlertQuery,
  reply: AlertList,
  async handle({ caller, query }, { store }) {
    const workspaceId = await scopeOf(store.db, caller, query.workspace_id)
    const filter = {
      ...(workspaceId !== undefined && { workspaceId }),
      ...(query.channel_id !== undefined && { channelId: query.channel_id }),
      ...(query.event !== undefined && { event: query.event }),
      ...(query.state !== undefined && { state: query.state }),
    }
    return showPage(await listDeliveries(store.db, caller.organisationId, filter, windowOf(query)), showDelivery)
  },
})

function showDelivery(delivery: ListedDelivery): z.output<typeof AlertDelivery> {
  // Written by the outbox in this shape.
  const payload = JSON.parse(delivery.payload) as Pick<
    z.output<typeof AlertDelivery>,
    'severity' | 'title' | 'text' | 'data'
  >
  return {
    id: delivery.id,
    event: delivery.event,
    severity: payload.severity,
    title: payload.title,
    text: payload.text,
    data: payload.data,
    workspace_id: delivery.workspaceId ?? null,
    channel_id: delivery.channelId ?? null,
    channel_name: delivery.channelName ?? null,
    channel_kind: delivery.channelKind ?? null,
    address: delivery.address ?? null,
    state: delivery.state,
    attempts: delivery.attempts,
    last_error: delivery.lastError ?? null,
    created_at: showMoment(delivery.createdAt),
    next_attempt_at: delivery.state === 'waiting' ? showMoment(delivery.nextAt) : null,
    delivered_at: showMoment(delivery.deliveredAt ?? null),
    object: 'alert',
  }
}

import { newId } from '../core/ids.ts'
import type { AlertChannel } from '../store/alert-channels.ts'
import type { AlertDelivery } from '../store/alert-deliveries.ts'
import { payloadOf, type Alert } from './alert.ts'

/**
 * Whether an alert goes to a channel. Those of the organisation hear whatever they asked for; those of a workspace hear only what
 * happens in it, so that nobody learns of others.
 */
export function hears(channel: AlertChannel, alert: Alert): boolean {
  if (!channel.enabled || channel.organisationId !== alert.organisationId) return false
  if (channel.workspaceId !== undefined && channel.workspaceId !== alert.workspaceId) return false
  return channel.events.includes('*') || channel.events.includes(alert.kind)
}

/**
 * One delivery for each channel that hears, and one for each mailbox of the key that it is about. `idMs` is the time that their ids carry: who
 * lets it rise with every alert has them delivered in the order in which they were told.
 */
export function deliveriesOf(
  alert: Alert,
  channels: readonly AlertChannel[],
  now: number,
  idMs: number,
): readonly AlertDelivery[] {
  const base = { organisationId: alert.organisationId, event: alert.kind, attempts: 0, createdAt: now }
  const write = (to: string, whose: Pick<AlertDelivery, 'workspaceId' | 'channelId' | 'address'>): AlertDelivery => {
    const id = newId<'delivery'>(idMs)
    const once = `${alert.kind} ${alert.identity} > ${to}`
    return { ...base, ...whose, id, once, payload: JSON.stringify(payloadOf(alert, id)) }
  }
  return [
    ...channels
      .filter((channel) => hears(channel, alert))
      .map(({ id, workspaceId }) => write(id, { workspaceId, channelId: id, address: undefined })),
    ...alert.addresses.map((address) =>
      write(address, { workspaceId: alert.workspaceId, channelId: undefined, address }),
    ),
  ]
}

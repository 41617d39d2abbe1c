import { ChannelTested } from '../../contract/alerts.ts'
import { checkHost } from '../../core/hosts.ts'
import type { AlertChannel } from '../../store/alert-channels.ts'
import { isAdministrator } from '../caller.ts'
import { tooMany } from '../error.ts'
import { route } from '../route.ts'
import { seeChannel } from './see-channel.ts'

/** Waits for the receiver, for ten seconds at most. Nothing is tried again and nothing stays in the list of alerts. */
export const testChannel = route({
  method: 'POST',
  path: '/alerts/channels/:id/test',
  summary: 'Send a test through a channel and say what came of it',
  scope: ['alerts.create', 'alerts.update'],
  reply: ChannelTested,
  async handle({ caller, params }, { store, alerts, trustedHosts }) {
    const channel = await seeChannel(store.db, caller, params.id)
    const receipt = await alerts.test(channel)
    if ('waitMs' in receipt) throw tooMany('This channel was tested a moment ago. Wait a little.', receipt.waitMs)
    const { delivered, status, said, error } = receipt
    return {
      delivered,
      status: status ?? null,
      said: said === '' || !(isAdministrator(caller) || isPublic(channel, trustedHosts)) ? null : said,
      error: error ?? null,
    }
  },
})

/** What a machine of the private network answers is nothing for everybody who may write an address into a form. */
function isPublic({ settings: { origin = '' } }: AlertChannel, trustedHosts: readonly string[]): boolean {
  const verdict = checkHost(origin, trustedHosts)
  return verdict.allowed && !verdict.trusted
}

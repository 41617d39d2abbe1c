import type { Clock } from '../core/clock.ts'
import type { Vault } from '../credentials/vault.ts'
import type { AlertChannel, ChannelSecret } from '../store/alert-channels.ts'
import type { AlertPayload } from './alert.ts'
import type { EmailDelivery } from './deliver-email.ts'
import type { WebhookDelivery } from './deliver-webhook.ts'
import { notDelivered, type Receipt } from './receipt.ts'
import { signBody } from './sign-body.ts'
import { slackMessage } from './slack-message.ts'

/** Sends one message now, in the way of its channel. Never throws. */
export interface Sender {
  toChannel(channel: AlertChannel, body: string, signal: AbortSignal): Promise<Receipt>
  toAddress(address: string, body: string, signal: AbortSignal): Promise<Receipt>
}

export interface SenderParts {
  readonly clock: Clock
  readonly vault: Pick<Vault, 'open'>
  readonly webhooks: WebhookDelivery
  /** Undefined when the operator has named no mail server. */
  readonly email: EmailDelivery | undefined
  /** Of the gateway, for the name it gives itself. */
  readonly version: string
}

/** `body` is the JSON of an `AlertPayload`; a webhook gets exactly these bytes. */
export function createSender({ clock, vault, webhooks, email, version }: SenderParts): Sender {
  const agent = { 'user-agent': `portcullis/${version}` }

  return {
    async toChannel(channel, body, signal) {
      const payload = JSON.parse(body) as AlertPayload
      if (channel.kind === 'email') return mail(channel.settings.to ?? [], payload, signal)
      const secret = openSecret(channel)
      if (secret === undefined) return notDelivered('its secret cannot be opened; set the url of the channel again')
      const { url, signing } = secret
      if (channel.kind === 'slack') return webhooks.post({ url, headers: agent, body: slackMessage(payload) }, signal)
      const headers = {
        ...agent,
        'portcullis-event': payload.type,
        'portcullis-delivery': payload.id,
        ...(signing !== undefined && { 'portcullis-signature': signBody(signing, body, clock.now()) }),
      }
      return webhooks.post({ url, headers, body }, signal)
    },
    toAddress: (address, body, signal) => mail([address], JSON.parse(body) as AlertPayload, signal),
  }

  async function mail(to: readonly string[], payload: AlertPayload, signal: AbortSignal): Promise<Receipt> {
    return email === undefined
      ? notDelivered('there is no mail server; an operator can name one in PORTCULLIS_SMTP_URL')
      : email.mail(to, payload, signal)
  }

  function openSecret({ id, settings, sealedSecret }: AlertChannel): ChannelSecret | undefined {
    if (sealedSecret === undefined || settings.origin === undefined) return undefined
    try {
      return JSON.parse(vault.open(sealedSecret, id, settings.origin)) as ChannelSecret
    } catch {
      return undefined
    }
  }
}

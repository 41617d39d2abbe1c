import { createTransport } from 'nodemailer'
import type { Clock } from '../core/clock.ts'
import type { AlertPayload } from './alert.ts'
import { DELIVERY_TIMEOUT_MS } from './deliver-webhook.ts'
import { notDelivered, type Receipt } from './receipt.ts'

/** The way to mailboxes. */
export interface EmailDelivery {
  /** Delivered is what the mail server has taken for one address at least; `error` says when not for all. Never throws. */
  mail(to: readonly string[], payload: AlertPayload, signal: AbortSignal): Promise<Receipt>
}

export interface EmailDeliveryParts {
  readonly clock: Clock
  /** `smtp://` or `smtps://`, with user and password where the server wants them. */
  readonly url: string
  /** Such as `Portcullis <portcullis@example.com>`. */
  readonly from: string
}

/**
 * Mail by the server that the operator has named. One connection per message: alerts are rare, and a server that has gone away in the
 * meantime fails nobody.
 */
export function createEmailDelivery({ clock, url, from }: EmailDeliveryParts): EmailDelivery {
  const transport = createTransport({
    ...readServer(url),
    connectionTimeout: DELIVERY_TIMEOUT_MS,
    greetingTimeout: DELIVERY_TIMEOUT_MS,
    socketTimeout: DELIVERY_TIMEOUT_MS,
    // A message is text of ours and never names a file or an address to be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  })

  return {
    async mail(to, payload, signal) {
      const late = new AbortController()
      const timer = clock.after(DELIVERY_TIMEOUT_MS, () => late.abort())
      try {
        const { rejected } = await transport.sendMail({
          from,
          to: [...to],
          subject: `[Portcullis] ${payload.title}`,
          text: textOf(payload),
          // The same in every repetition, so that a mailbox can tell.
          messageId: `<${payload.id}@portcullis>`,
          headers: { 'auto-submitted': 'auto-generated' },
          signal: AbortSignal.any([late.signal, signal]),
        })
        // To send it again would tell those who have it already, eleven times more.
        const error =
          rejected.length > 0 ? `the mail server refused ${rejected.length} of ${to.length} addresses` : undefined
        return { delivered: true, status: undefined, said: '', error }
      } catch (error) {
        return notDelivered(
          late.signal.aborted ? `the mail server took longer than ${DELIVERY_TIMEOUT_MS / 1000} s` : reasonOf(error),
        )
      } finally {
        timer.cancel()
      }
    },
  }
}

/** A password never travels in the clear: with one, a server that does not offer encryption is not used. */
function readServer(url: string) {
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    ...(username !== '' && {
      auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
      requireTLS: !secure,
    }),
  }
}

function textOf({ text, type, created_at, data }: AlertPayload): string {
  const facts = Object.entries(data).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${typeof value === 'object' ? value.join(', ') : value}`],
  )
  return [text, '', ...facts, '', `${type} at ${created_at}`, ''].join('\n')
}

const REASONS: Readonly<Record<string, string>> = {
  ETLS: 'the mail server offers no encryption, or none that can be trusted',
  EAUTH: 'the mail server refused user or password',
}

/** The code alone, with the server's status: what a server writes may repeat what it was sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the mail server failed'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const known = REASONS[code]
  if (known !== undefined) return known
  const status = 'responseCode' in error && typeof error.responseCode === 'number' ? ` ${error.responseCode}` : ''
  return `the mail server failed: ${code}${status}`
}

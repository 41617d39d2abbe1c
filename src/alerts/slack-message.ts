import type { AlertPayload } from './alert.ts'

/**
 * An alert for an incoming webhook of Slack, and of the chats that take the same: `text` is what a notification shows, `blocks` what
 * stands in the channel (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, read on 2026-11-23).
 */
export function slackMessage({ severity, title, text, type, created_at }: AlertPayload): string {
  return JSON.stringify({
    text: escape(`${title}. ${text}`),
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: `${SIGNS[severity]} *${escape(title)}*\n${escape(text)}` } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: escape(`${type} · ${created_at}`) }] },
    ],
  })
}

const SIGNS = { info: ':information_source:', warning: ':warning:', critical: ':rotating_light:' } as const

/** Slack's three control characters; names are chosen by people, and `<!channel>` in one would call everybody. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

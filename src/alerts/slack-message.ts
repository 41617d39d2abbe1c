import type { AlertPayload } from './alert.ts'

/**
 * An alert for an incoming webhook of Slack, and of the chats that take the same: `text` is what a notification shows, `blocks` what
 * stands in the channel. No account at Slack was tried.
 */
export function slackMessage({ severity, title, text, type, created_at }: AlertPayload): string {
  const section = `${SIGNS[severity]} *${escape(title)}*\n${escape(text)}`.slice(0, SECTION_LENGTH_MAX)
  return JSON.stringify({
    text: escape(`${title}. ${text}`).slice(0, SECTION_LENGTH_MAX),
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: section } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: escape(`${type} · ${created_at}`) }] },
    ],
  })
}

const SIGNS = { info: ':information_source:', warning: ':warning:', critical: ':rotating_light:' } as const

/** Slack refuses a section that is longer; 3,000 is also what its own client library's issue 2509 (slackapi/bolt-js) goes by. */
const SECTION_LENGTH_MAX = 3_000

/** Slack's three control characters; names are chosen by people, and `<!channel>` in one would call everybody. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

import { expect, test } from 'vitest'
import type { AlertPayload } from './alert.ts'
import { slackMessage } from './slack-message.ts'

const PAYLOAD: AlertPayload = {
  id: '1',
  type: 'budget.exhausted',
  created_at: '2026-11-23T00:00:00.000Z',
  severity: 'critical',
  title: 'The budget of key “a & <!channel>” is spent',
  text: 'See <https://evil.example.com|our page>.',
  organisation_id: 'o',
  workspace_id: null,
  data: {},
}

test('a message has text for the notification and blocks for the channel', () => {
  expect(JSON.parse(slackMessage({ ...PAYLOAD, title: 'It is spent', text: 'Ask for more.' }))).toEqual({
    text: 'It is spent. Ask for more.',
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: ':rotating_light: *It is spent*\nAsk for more.' } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: 'budget.exhausted · 2026-11-23T00:00:00.000Z' }] },
    ],
  })
})

test('a name that people choose calls nobody and links nowhere', () => {
  const message = slackMessage(PAYLOAD)
  expect(message).not.toContain('<')
  expect(message).toContain('a &amp; &lt;!channel&gt;')
})

test('a long name keeps within what Slack takes', () => {
  const { blocks } = JSON.parse(slackMessage({ ...PAYLOAD, title: '<'.repeat(5_000), text: 'x'.repeat(5_000) }))
  expect(blocks[0].text.text.length).toBeLessThanOrEqual(3_000)
})

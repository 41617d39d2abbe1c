import { expect, test } from 'vitest'
import { claudeCodeBody, claudeCodeSession, countTokensBodies } from './claude-code-body.ts'

test('a body of a wished size has about that size, and the client’s members in the client’s order', () => {
  const body = claudeCodeBody({ turns: 20, bytes: 300_000 })
  expect(Math.abs(body.length - 300_000)).toBeLessThan(15_000)
  expect(Object.keys(JSON.parse(body.toString())).join(' ')).toBe(
    'model messages system tools metadata max_tokens thinking context_management output_config stream',
  )
})

test('each request of a session continues the one before it', () => {
  const bodies = claudeCodeSession({ turns: 5, bytes: 80_000 })
  const messages = bodies.map((body) => withoutMarks(JSON.parse(body.toString()).messages) as unknown[])
  expect(bodies).toHaveLength(6)
  for (const [at, earlier] of messages.slice(0, -1).entries()) {
    expect(messages[at + 1]!.slice(0, earlier.length)).toEqual(earlier)
  }
})

test('the burst of /context is 26 different small requests', () => {
  expect(new Set(countTokensBodies().map(String)).size).toBe(26)
})

/** Marks move on, and a block may turn into a string; neither changes what is said. */
function withoutMarks(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, member: unknown) => {
      if (key === 'cache_control') return undefined
      return key === 'content' && typeof member === 'string' ? [{ type: 'text', text: member }] : member
    }),
  )
}

import { describe, expect, test } from 'vitest'
import { NO_REPAIRS } from '../providers/adapter.ts'
import { findRepair, withRepair } from './find-repair.ts'

describe('the words of a refusal', () => {
  test.each([
    ['messages.3.content.0: Invalid `signature` in `thinking` block', 'thinking'],
    ['Invalid signature in thinking block. See the docs', 'thinking'],
    ['{\\"message\\":\\"messages.1: Invalid \\\\`signature\\\\` in \\\\`thinking\\\\` block\\"}', 'thinking'],
    ['capability_rejected: thinking_signature', 'thinking'],
    ['invalid beta flag', 'fewest betas'],
    ['Unexpected value(s) for the anthropic-beta header', 'fewest betas'],
    ['Unexpected value(s) `afk-mode-2026-01-31` for the `anthropic-beta` header', 'betas'],
    ['x-anthropic-billing-header is a reserved keyword and may not be used in the system prompt', 'attribution'],
    ['messages.0.content.0.cache_control.ephemeral.ttl: Extra inputs are not permitted', 'cache ttl'],
  ])('%s', (text, kind) => {
    expect(findRepair({ status: 400, text })?.kind).toBe(kind)
  })

  test.each([
    'context_management: Extra inputs are not permitted',
    'prompt is too long: 210000 tokens > 200000 maximum',
    'messages.0.content.0.thinking: Field required',
    'messages: text that quotes an Unexpected value(s) of its own',
    '',
  ])('that the client has to read itself: %s', (text) => {
    expect(findRepair({ status: 400, text })).toBeUndefined()
  })

  test('mean nothing with another status', () => {
    expect(findRepair({ status: 500, text: 'invalid beta flag' })).toBeUndefined()
  })
})

describe('a repair', () => {
  test('adds to those before it', () => {
    const first = withRepair(NO_REPAIRS, { kind: 'betas', refused: ['a-2026-01-01'] }, 3)!
    const second = withRepair(first, { kind: 'betas', refused: ['a-2026-01-01', 'b-2026-01-01'] }, 3)!
    expect([...second.betasRefused]).toEqual(['a-2026-01-01', 'b-2026-01-01'])
    expect(withRepair(second, { kind: 'thinking' }, 3)).toMatchObject({ foreignThinking: 3 })
  })

  test('that was made already is none', () => {
    const repaired = { ...NO_REPAIRS, fewestBetas: true, foreignThinking: 3 }
    expect(withRepair(repaired, { kind: 'fewest betas' }, 3)).toBeUndefined()
    expect(withRepair(repaired, { kind: 'thinking' }, 3)).toBeUndefined()
    expect(withRepair(repaired, { kind: 'thinking' }, 5)).toMatchObject({ foreignThinking: 5 })
  })
})

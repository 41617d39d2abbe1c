import { describe, expect, test } from 'vitest'
import { tell, read, betasOf } from '../../testing/translate-call.ts'

describe('what earlier tries have taught', () => {
  const thinking = { type: 'thinking', thinking: 'hm', signature: 's' }
  const body = {
    model: 'claude-opus-5',
    system: [
      { type: 'text', text: 'x-anthropic-billing-header: a' },
      { type: 'text', text: 'You are' },
    ],
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
      { role: 'assistant', content: [thinking, { type: 'text', text: 'b' }] },
      { role: 'user', content: 'c' },
      { role: 'assistant', content: [thinking] },
    ],
  }

  test('foreign thinking goes, up to the message that is named, and no message is left empty', () => {
    const all = read(tell({ platform: 'anthropic', body, repairs: { foreignThinking: Infinity } })).messages
    expect(all[1]?.content).toEqual([{ type: 'text', text: 'b' }])
    expect(all[3]?.content).toEqual([{ type: 'text', text: '(nothing)' }])
    const some = read(tell({ platform: 'anthropic', body, repairs: { foreignThinking: 2 } })).messages
    expect(some[1]?.content).toHaveLength(1)
    expect(some[3]?.content).toEqual([thinking])
  })

  test('an open tool loop without its thinking is answered without thinking, where a budget would demand it', () => {
    const loop = {
      model: 'claude-sonnet-4-5',
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: [thinking, { type: 'tool_use', id: 't', name: 'x', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'r' }] },
      ],
    }
    const repairs = { foreignThinking: Infinity }
    expect(read(tell({ platform: 'anthropic', body: loop, repairs }))['thinking']).toEqual({ type: 'disabled' })
    const adaptive = { ...loop, model: 'claude-opus-5', thinking: { type: 'adaptive' } }
    expect(read(tell({ platform: 'anthropic', body: adaptive, repairs }))['thinking']).toEqual({ type: 'adaptive' })
  })

  test('the attribution line and the time to live go when they were refused', () => {
    const result = read(
      tell({ platform: 'anthropic', body, repairs: { withoutAttribution: true, withoutCacheTtl: true } }),
    )
    expect(result['system']).toEqual([{ type: 'text', text: 'You are' }])
    expect(result.messages[0]?.content).toEqual([{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }])
  })

  test('a refused beta takes its field along, on every platform', () => {
    const betas = 'claude-code-20250219,context-management-2025-06-27'
    const edited = { ...body, context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }
    for (const platform of ['anthropic', 'bedrock-invoke', 'foundry'] as const) {
      const kept = tell({ platform, body: edited, betas })
      expect(read(kept)).toHaveProperty('context_management')
      const repairs = { betasRefused: new Set(['context-management-2025-06-27']) }
      const cut = tell({ platform, body: edited, betas, repairs })
      expect(read(cut)).not.toHaveProperty('context_management')
      expect(betasOf(cut)).not.toContain('context-management-2025-06-27')
    }
  })

  test('the fewest betas are those whose fields are in the body', () => {
    const tools = [{ name: 'a', input_schema: {}, defer_loading: true }]
    const betas = 'interleaved-thinking-2025-05-14,advanced-tool-use-2025-11-20,thinking-token-count-2026-05-13'
    const translation = tell({
      platform: 'bedrock-invoke',
      body: { ...body, tools },
      betas,
      repairs: { fewestBetas: true },
    })
    expect(betasOf(translation)).toEqual(['tool-search-tool-2025-10-19'])
  })
})

import { describe, expect, it } from 'vitest'
import { joined } from '../core/pieces.ts'
import { accountOf, callOf } from '../testing/one-call.ts'
import type { ProviderSettings } from './adapter.ts'
import { anthropicAdapter } from './anthropic.ts'

const ASK = { model: 'claude-opus-4-8', max_tokens: 64, messages: [{ role: 'user', content: 'Hello' }] }
const DEEPSEEK: ProviderSettings = {
  custom_host: 'https://api.deepseek.com/anthropic/v1',
  compatibility: 'compatible',
  model_map: { 'claude-opus-4-8': 'deepseek-v4-pro' },
}

function encode(settings: ProviderSettings, model: string) {
  const upstream = accountOf('anthropic', settings)
  const { request } = anthropicAdapter.encode(callOf(anthropicAdapter, upstream, { ...ASK, model }), upstream)
  return {
    url: request.origin + request.path,
    model: (JSON.parse(joined(request.body).toString('utf8')) as typeof ASK).model,
  }
}

function count(settings: ProviderSettings, model = ASK.model) {
  const upstream = accountOf('anthropic', settings)
  const call = callOf(anthropicAdapter, upstream, { ...ASK, model }, { endpoint: 'count_tokens' })
  return { answer: anthropicAdapter.answerItself?.(call, upstream), bytes: call.body.bytes.length }
}

describe('a compatible host', () => {
  it('gets its own name for a model', () => {
    expect(encode(DEEPSEEK, 'claude-opus-4-8')).toEqual({
      url: 'https://api.deepseek.com/anthropic/v1/messages',
      model: 'deepseek-v4-pro',
    })
    expect(encode(DEEPSEEK, 'deepseek-v4-pro').model).toBe('deepseek-v4-pro')
  })

  it('gets it for the dated name of the model too', () => {
    expect(encode(DEEPSEEK, 'claude-opus-4-8-20260401').model).toBe('deepseek-v4-pro')
  })

  it.each(['claude-haiku-4-5', 'deepseek-flash', 'constructor', '__proto__'])(
    'is not asked for %s, which its map does not name',
    (model) => {
      const error = expect.objectContaining({ code: 'target.incapable' }) as Error
      expect(() => encode(DEEPSEEK, model)).toThrow(error)
      expect(() => count({ ...DEEPSEEK, count_tokens: 'estimate' }, model)).toThrow(error)
    },
  )

  it('without a map is asked for any name', () => {
    const { model_map: _, ...settings } = DEEPSEEK
    expect(encode(settings, 'glm-5.3').model).toBe('glm-5.3')
  })

  it('that cannot count tokens has them estimated, rather too high than too low', () => {
    const { answer, bytes } = count({ ...DEEPSEEK, count_tokens: 'estimate' })
    expect(answer?.status).toBe(200)
    expect(JSON.parse(answer!.body.toString('utf8'))).toEqual({ input_tokens: Math.ceil(bytes / 3) })
  })

  it('that can is asked', () => {
    expect(count({ ...DEEPSEEK, count_tokens: 'native' }).answer).toBeUndefined()
    expect(count(DEEPSEEK).answer).toBeUndefined()
  })
})

describe('Anthropic’s own API', () => {
  it('is asked for any model, with the body as it came, whatever its map names', () => {
    expect(encode({ model_map: { 'claude-opus-4-8': 'claude-opus-5' } }, 'claude-haiku-4-5').model).toBe(
      'claude-haiku-4-5',
    )
  })
})

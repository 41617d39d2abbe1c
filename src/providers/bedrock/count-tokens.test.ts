import { describe, expect, it } from 'vitest'
import { header } from '../../core/headers.ts'
import { joined } from '../../core/pieces.ts'
import { accountOf, callOf } from '../../testing/one-call.ts'
import type { ProviderSettings } from '../adapter.ts'
import { bedrockAdapter } from './adapter.ts'
import { answerCount } from './count-tokens.ts'

const ASK = { model: 'claude-opus-4-8', messages: [{ role: 'user', content: 'Hello' }] }
const HIDDEN = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc'

function encoded(document: object, settings: ProviderSettings = {}) {
  const upstream = accountOf('bedrock', settings)
  const headers = ['anthropic-beta', 'context-1m-2025-08-07,effort-2025-11-24']
  const call = callOf(bedrockAdapter, upstream, { ...ASK, ...document }, { endpoint: 'count_tokens', headers })
  const { request } = bedrockAdapter.encode(call, upstream)
  const { input } = JSON.parse(joined(request.body).toString('utf8')) as { input: { invokeModel: { body: string } } }
  const inner = JSON.parse(Buffer.from(input.invokeModel.body, 'base64').toString('utf8')) as Record<string, unknown>
  return { request, inner }
}

function answered(settings: ProviderSettings, endpoint: 'messages' | 'count_tokens' = 'count_tokens') {
  const upstream = accountOf('bedrock', settings)
  return answerCount(callOf(bedrockAdapter, upstream, ASK, { endpoint }), upstream)
}

describe('a count of tokens', () => {
  it('asks with a whole body of InvokeModel, without betas that count nothing', () => {
    const { request, inner } = encoded({})
    expect(request.path).toBe('/model/anthropic.claude-opus-4-8/count-tokens')
    expect(inner).toEqual({
      messages: ASK.messages,
      max_tokens: 1,
      anthropic_version: 'bedrock-2023-05-31',
    })
    expect(header(request.headers, 'anthropic-beta')).toBeUndefined()
  })

  it('has room above the budget for thinking, and keeps a larger one', () => {
    const thinking = { type: 'enabled', budget_tokens: 2048 }
    expect(encoded({ model: 'claude-haiku-4-5', thinking }).inner['max_tokens']).toBe(2049)
    expect(encoded({ model: 'claude-haiku-4-5', thinking, max_tokens: 8000 }).inner['max_tokens']).toBe(8000)
  })

  it('has no empty list of tools, and every other one', () => {
    expect(encoded({ tools: [] }).inner).not.toHaveProperty('tools')
    const tools = [{ name: 'Read', input_schema: { type: 'object' } }]
    expect(encoded({ tools }).inner['tools']).toEqual(tools)
  })

  it('knows the model behind a profile’s ARN, and none behind an application’s', () => {
    const profile = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8'
    const { request } = encoded({}, { model_map: { 'claude-opus-4-8': profile } })
    expect(request.path).toBe('/model/anthropic.claude-opus-4-8/count-tokens')
    expect(() => encoded({}, { model_map: { 'claude-opus-4-8': HIDDEN } })).toThrow(
      expect.objectContaining({ code: 'target.incapable' }),
    )
  })
})

describe('a count that Bedrock cannot give', () => {
  it.each<[string, ProviderSettings]>([
    ['of an application’s profile', { model_map: { 'claude-opus-4-8': HIDDEN } }],
    ['by Mantle', { bedrock_surface: 'mantle' }],
  ])('%s is refused for good, or estimated where the account says so', (_name, settings) => {
    const refused = answered(settings)
    expect(refused?.status).toBe(501)
    expect(header(refused!.headers, 'x-should-retry')).toBe('false')
    expect(JSON.parse(refused!.body.toString('utf8'))).toMatchObject({ error: { type: 'not_supported' } })

    const estimated = answered({ ...settings, count_tokens: 'estimate' })
    expect(estimated?.status).toBe(200)
    const { input_tokens } = JSON.parse(estimated!.body.toString('utf8')) as { input_tokens: number }
    expect(input_tokens).toBeGreaterThan(0)
  })

  it('is the only thing that is answered without Bedrock', () => {
    expect(answered({})).toBeUndefined()
    expect(answered({ bedrock_surface: 'messages' })).toBeUndefined()
    expect(answered({ count_tokens: 'estimate' }, 'messages')).toBeUndefined()
  })
})

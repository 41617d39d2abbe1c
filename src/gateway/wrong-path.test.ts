import { describe, expect, it } from 'vitest'
import { explainWrongPath } from './wrong-path.ts'

const ANTHROPIC = ['anthropic-version', '2023-06-01']

describe('a wrong base URL is answered by naming the mistake', () => {
  it.each([
    ['/v1/v1/messages?beta=true', /Remove \/v1 from the end/],
    ['/v1/v1/models', /Remove \/v1 from the end/],
    ['/messages', /address alone/],
    ['/anthropic/v1/messages', /\/anthropic/],
    ['/team-a/v1/messages/count_tokens', /\/team-a/],
    ['/v1/messages/', /address alone|\/v1\/messages here/],
    ['/model/us.anthropic.claude-opus-5-5/invoke-with-response-stream', /CLAUDE_CODE_USE_BEDROCK/],
    ['/inference-profiles?type=SYSTEM_DEFINED', /CLAUDE_CODE_USE_BEDROCK/],
    ['/projects/p/locations/r/publishers/anthropic/models/m:streamRawPredict', /CLAUDE_CODE_USE_VERTEX/],
  ])('%s', (url, text) => {
    const explained = explainWrongPath('POST', url, [])
    expect(explained.kind).toBe('anthropic')
    if (explained.kind === 'anthropic') expect(explained.error.message).toMatch(text)
  })

  it('any other path is told in the dialect of the caller', () => {
    expect(explainWrongPath('GET', '/v1/threads', []).kind).toBe('portkey')
    expect(explainWrongPath('GET', '/v1/threads', ANTHROPIC).kind).toBe('anthropic')
  })
})

import { AnthropicVertex } from '@anthropic-ai/vertex-sdk'
import { OAuth2Client } from 'google-auth-library'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { header, type HeaderLines } from '../../core/headers.ts'
import { joined } from '../../core/pieces.ts'
import { accountOf, callOf, errorOf, makeCall } from '../../testing/one-call.ts'
import { claudeCodeBody } from '../../testing/claude-code-body.ts'
import { createManualClock } from '../../testing/clock.ts'
import { faultsInOrder } from '../../testing/stand-ins/faults.ts'
import { startVertexStandIn, type VertexStandIn, type VertexStandInOptions } from '../../testing/stand-ins/vertex.ts'
import { createGoogleSigner } from '../google/google-signer.ts'
import { createTokenExchange, type TokenExchange } from '../token-exchange.ts'
import { vertexAdapter } from './vertex-adapter.ts'

const ASK = {
  model: 'claude-opus-4-8',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'Hello' }],
}

let vertex: VertexStandIn
let exchange: TokenExchange

async function start(options: VertexStandInOptions = {}): Promise<void> {
  const clock = createManualClock()
  vertex = await startVertexStandIn({ ...options, tokens: { now: () => clock.now() } })
  exchange = createTokenExchange({ clock: systemClock, trustedHosts: vertex.trustedHosts })
}

beforeEach(() => start())
afterEach(async () => {
  await exchange.close()
  await vertex.stop()
})

function account(more: object = {}) {
  const { vertex_service_account_json, ...settings } = vertex.configurations
  return accountOf('vertex-ai', { ...settings, ...more }, { vertex_service_account_json })
}

function call(document: Readonly<Record<string, unknown>>, change: Parameters<typeof callOf>[3] = {}) {
  const upstream = account()
  const signer = createGoogleSigner({ clock: createManualClock(), exchange, trustedHosts: vertex.trustedHosts })
  return makeCall({ adapter: vertexAdapter, signer }, upstream, callOf(vertexAdapter, upstream, document, change))
}

describe('a call to Google’s deployment', () => {
  it('is taken and answered, streamed and whole', async () => {
    const whole = await call(ASK)
    expect(whole.status).toBe(200)
    expect(JSON.parse(whole.text)).toMatchObject({ type: 'message', role: 'assistant' })
    const streamed = await call({ ...ASK, stream: true })
    expect(streamed.status).toBe(200)
    expect(streamed.text).toContain('event: message_stop')
  })

  it('is taken as Claude Code writes it, with all that Google refuses left out', async () => {
    const document = JSON.parse(claudeCodeBody({ turns: 2, model: 'claude-opus-5' }).toString('utf8')) as {
      messages: object[]
      tools: object[]
    }
    const rich = {
      ...document,
      messages: document.messages.map((message, at) =>
        at === 0 ? { ...message, output_config: { effort: 'low' } } : message,
      ),
      tools: document.tools.map((tool) => ({ ...tool, eager_input_streaming: true })),
      service_tier: 'auto',
      speed: 'fast',
    }
    const betas = [
      'claude-code-20250219',
      'interleaved-thinking-2025-05-14',
      'context-management-2025-06-27',
      'prompt-caching-scope-2026-01-05',
      'advanced-tool-use-2025-11-20',
      'fine-grained-tool-streaming-2025-05-14',
      'effort-2025-11-24',
    ]
    const headers: HeaderLines = ['anthropic-version', '2023-06-01', 'anthropic-beta', betas.join(',')]
    for (const endpoint of ['messages', 'count_tokens'] as const) {
      const { status, text } = await call(rich, { headers, endpoint })
      expect(status, text.slice(0, 500)).toBe(200)
    }
    const betasThere = header(vertex.requests[0]!.headers, 'anthropic-beta')
    expect(betasThere).toContain('claude-code-20250219')
    expect(betasThere).toContain('tool-search-tool-2025-10-19')
  })

  it('is the very request that Google’s own client sends', async () => {
    const stream = { ...ASK, stream: true as const }
    await call(stream)
    await call(ASK)
    await call(ASK, { endpoint: 'count_tokens' })
    const authClient = new OAuth2Client()
    authClient.setCredentials({ access_token: 'ya29.stand-in-1' })
    const client = new AnthropicVertex({
      baseURL: `${vertex.origin}/v1`,
      region: 'global',
      projectId: 'acme-claude',
      // Their client brings a copy of the library of its own.
      authClient: authClient as never,
      maxRetries: 0,
    })
    for await (const _ of await client.messages.create(stream)) continue
    await client.messages.create(ASK)
    await client.messages.countTokens({ model: ASK.model, messages: ASK.messages })

    const [ours, theirs] = [vertex.requests.slice(0, 3), vertex.requests.slice(3)]
    expect(ours.map(({ method, path }) => [method, path])).toEqual(theirs.map(({ method, path }) => [method, path]))
    const documents = ours.map(({ body }) => JSON.parse(body.toString('utf8')) as object)
    const [streamed, whole, count] = theirs.map(({ body }) => JSON.parse(body.toString('utf8')) as object)
    // Their client asks for a later version, which only refuses more, and leaves max_tokens out of a count; ours relays it.
    const version = { anthropic_version: 'vertex-2023-10-16' }
    expect(documents).toEqual([
      { ...streamed, ...version },
      { ...whole, ...version },
      { ...count, ...version, max_tokens: 64 },
    ])
    for (const { headers } of ours) {
      expect(header(headers, 'anthropic-version')).toBeUndefined()
      expect(header(headers, 'authorization')).toMatch(/^Bearer ya29/)
      expect(header(headers, 'content-type')).toBe('application/json')
    }
  })

  it('has no query, no header for Google of the client’s, and the account’s own project to pay', () => {
    const upstream = account({ vertex_quota_project: 'acme-billing' })
    const headers: HeaderLines = ['x-goog-user-project', 'someone-else', 'x-stays', 'yes']
    const { request } = vertexAdapter.encode(
      callOf(vertexAdapter, upstream, ASK, { headers, query: '?beta=true' }),
      upstream,
    )
    expect(request.path).toMatch(/models\/claude-opus-4-8:rawPredict$/)
    expect(request.headers.filter((line) => line.includes('acme') || line === 'someone-else')).toEqual(['acme-billing'])
    expect(header(request.headers, 'x-stays')).toBe('yes')
  })

  it('carries no beta when it counts tokens', () => {
    const upstream = account()
    const headers: HeaderLines = ['anthropic-beta', 'interleaved-thinking-2025-05-14']
    const encoded = vertexAdapter.encode(
      callOf(vertexAdapter, upstream, ASK, { headers, endpoint: 'count_tokens' }),
      upstream,
    )
    expect(header(encoded.request.headers, 'anthropic-beta')).toBeUndefined()
    expect(encoded.request.path).toMatch(/models\/count-tokens:rawPredict$/)
  })

  it('takes the project of the key file where none is set, and refuses one that would change the path', () => {
    const { vertex_service_account_json } = vertex.configurations
    const upstream = accountOf('vertex-ai', {}, { vertex_service_account_json })
    const { request } = vertexAdapter.encode(callOf(vertexAdapter, upstream, ASK), upstream)
    expect(request.origin + request.path).toBe(
      'https://aiplatform.googleapis.com/v1/projects/acme-claude/locations/global/publishers/anthropic/models/claude-opus-4-8:rawPredict',
    )
    const strange = accountOf('vertex-ai', { vertex_project_id: 'a/../../b' })
    expect(() => vertexAdapter.encode(callOf(vertexAdapter, strange, ASK), strange)).toThrow()
    const climbing = accountOf('vertex-ai', { vertex_project_id: '..' })
    expect(() => vertexAdapter.encode(callOf(vertexAdapter, climbing, ASK), climbing)).toThrow()
  })
})

describe('a call to Anthropic’s deployment on Google Cloud', () => {
  it('goes to the workspace with body, version and betas as the client sent them', () => {
    const upstream = accountOf('vertex-ai', {
      vertex_surface: 'anthropic',
      vertex_project_id: 'acme-claude',
      anthropic_workspace_id: 'wrkspc_01AbC',
    })
    const headers: HeaderLines = ['anthropic-version', '2023-06-01', 'anthropic-beta', 'anything-new-2027-01-01']
    const made = callOf(vertexAdapter, upstream, ASK, { headers, query: '?beta=true' })
    const { request } = vertexAdapter.encode(made, upstream)
    expect(request.origin + request.path).toBe(
      'https://claude.googleapis.com/v1/projects/acme-claude/locations/global/workspaces/wrkspc_01AbC/invoke/v1/messages?beta=true',
    )
    expect(joined(request.body)).toEqual(made.body.bytes)
    expect(header(request.headers, 'anthropic-version')).toBe('2023-06-01')
    expect(header(request.headers, 'anthropic-beta')).toBe('anything-new-2027-01-01')
  })
})

describe('an error of Google’s', () => {
  it('reaches the client in Anthropic’s envelope', async () => {
    await vertex.stop()
    await start({ faults: faultsInOrder('unavailable', 'rate-limited', 'internal', 'forbidden', 'overloaded') })
    expect(errorOf(await call(ASK)).slice(0, 2)).toEqual([529, 'overloaded_error'])
    const limited = errorOf(await call(ASK))
    expect(limited.slice(0, 2)).toEqual([429, 'rate_limit_error'])
    expect(limited[2]).not.toContain('acme-claude')
    expect(errorOf(await call(ASK)).slice(0, 2)).toEqual([500, 'api_error'])
    expect(errorOf(await call(ASK)).slice(0, 2)).toEqual([403, 'permission_error'])
    expect((await call(ASK)).text).toBe(
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_vrtx_011CStandIn"}',
    )
  })

  it('about its credential passes at once, for the data plane to keep back', async () => {
    await vertex.stop()
    await start({ faults: faultsInOrder('unauthenticated') })
    expect((await call(ASK)).status).toBe(401)
  })

  it('leaves an answer that breaks off broken', async () => {
    await vertex.stop()
    await start({ faults: faultsInOrder('cut-after-content', 'cut-before-content') })
    expect(await call({ ...ASK, stream: true })).toMatchObject({ status: 200, broken: 'upstream.broken' })
    expect(await call({ ...ASK, stream: true })).toMatchObject({ status: 200, broken: 'upstream.broken' })
  })
})

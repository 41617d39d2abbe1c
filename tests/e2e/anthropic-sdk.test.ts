import Anthropic from '@anthropic-ai/sdk'
import AnthropicBeforeOne from 'anthropic-sdk-0'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RecordingProxy, startRecordingProxy } from '../../src/testing/recording-proxy.ts'
import { type TestGateway, startGateway } from '../../src/testing/gateway.ts'

/** The two lines of the official SDK that people run; what both have is used the same way. */
const SDKS = [
  { line: '1.x', Client: Anthropic },
  { line: '0.x', Client: AnthropicBeforeOne as unknown as typeof Anthropic },
]

const QUESTION = {
  model: 'claude-opus-5-5',
  max_tokens: 1_000,
  messages: [{ role: 'user' as const, content: 'What is 12345678901234567890 in words? Grüße, 世界 \u2028' }],
}

let gateway: TestGateway
let wire: RecordingProxy

beforeAll(async () => {
  gateway = await startGateway()
})

beforeEach(async () => {
  wire = await startRecordingProxy(gateway.url)
  return () => wire.stop()
})

afterAll(() => gateway.stop())

describe.each(SDKS)('the official SDK, line $line', ({ Client }) => {
  const connect = (options = {}) =>
    new Client({ baseURL: wire.origin, authToken: gateway.key, apiKey: null, maxRetries: 0, ...options })

  test('streams, and gets the bytes that the provider sent', async () => {
    const events: string[] = []
    const stream = connect().messages.stream(QUESTION)
    stream.on('streamEvent', ({ type }) => events.push(type))
    const message = await stream.finalMessage()
    expect(events.at(0)).toBe('message_start')
    expect(events.at(-1)).toBe('message_stop')
    expect(message.content[0]).toMatchObject({ type: 'text', text: expect.stringContaining('世界') })
    expectSameBytes()
    const { billed } = gateway.upstream.requests.at(-1)!
    expect(message.usage).toMatchObject({ input_tokens: billed.input, output_tokens: billed.output })
  })

  test('gets a document when it asks for no stream', async () => {
    const message = await connect().messages.create(QUESTION)
    expect(message.stop_reason).toBe('end_turn')
    expect(message._request_id).toMatch(/^req_/)
    expectSameBytes()
  })

  test('counts tokens', async () => {
    const { model, messages } = QUESTION
    expect((await connect().messages.countTokens({ model, messages })).input_tokens).toBeGreaterThan(0)
    expectSameBytes()
  })

  test('lists the models it may use', async () => {
    const ids: string[] = []
    for await (const model of connect().models.list({ limit: 5 })) ids.push(model.id)
    expect(ids).toContain('claude-opus-5-5')
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('may prove itself in either header', async () => {
    await connect({ authToken: null, apiKey: gateway.key }).messages.create(QUESTION)
    await connect({ authToken: gateway.key, apiKey: null }).messages.create(QUESTION)
    expect(wire.exchanges.map(({ status }) => status)).toEqual([200, 200])
  })

  test('sees the provider’s own error, untouched', async () => {
    const failure = await connect()
      .messages.create({ ...QUESTION, model: 'sandbox-error-529' })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Client.APIError)
    expect(failure).toMatchObject({
      status: 529,
      error: { error: { type: 'overloaded_error', message: 'Overloaded' } },
    })
    expectSameBytes()
  })

  test('is refused with an unknown key once, and does not repeat itself', async () => {
    const before = gateway.upstream.requests.length
    const stranger = connect({ authToken: `${gateway.key.slice(0, -4)}0000`, maxRetries: 2 })
    await expect(stranger.messages.create(QUESTION)).rejects.toMatchObject({
      status: 401,
      error: { error: { type: 'authentication_error' } },
    })
    expect(wire.exchanges).toHaveLength(1)
    expect(gateway.upstream.requests).toHaveLength(before)
  })

  test('closes the upstream connection when it aborts', async () => {
    const before = gateway.upstream.requests.length
    const stream = connect().messages.stream({ ...QUESTION, model: 'sandbox-silent-mid' })
    const aborted = stream.finalMessage().catch((error: unknown) => error)
    await new Promise<void>((resolve) => stream.once('text', () => resolve()))
    stream.abort()
    expect(await aborted).toBeInstanceOf(Client.APIUserAbortError)
    expect(await gateway.upstream.requests[before]!.ended).toBe('client')
  })
})

/** The last exchange is the same on both sides of the gateway: what the client sent, and what the provider answered. */
function expectSameBytes(): void {
  const outside = wire.exchanges.at(-1)!
  const inside = gateway.upstream.requests.at(-1)!
  expect(inside.body.equals(outside.body)).toBe(true)
  expect(outside.answer.equals(inside.answer)).toBe(true)
  expect(outside.answer.length).toBeGreaterThan(0)
}

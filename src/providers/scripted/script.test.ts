import fc from 'fast-check'
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { header } from '../../core/headers.ts'
import { claudeCodeBody, claudeCodeSession } from '../../testing/claude-code-body.ts'
import { readEvents, readText } from '../../testing/read-events.ts'
import { SANDBOX_MODELS } from './models.ts'
import type { Scene, Step } from './scene.ts'
import { script } from './script.ts'

test('the same request gets the same answer, byte for byte', () => {
  for (const { id } of SANDBOX_MODELS) {
    const [first, second] = [play(id), play(id)]
    expect(bodyOf(first).equals(bodyOf(second))).toBe(true)
    expect(first.steps.filter(isNoBytes)).toEqual(second.steps.filter(isNoBytes))
  }
})

test('an answer asked for as JSON says the same as the stream', () => {
  for (const model of ['claude-opus-5-5', 'sandbox-tools', 'sandbox-thinking', 'sandbox-refusal']) {
    const streamed = assemble(bodyOf(play(model, { tools: TOOLS })))
    expect(JSON.parse(bodyOf(play(model, { tools: TOOLS, stream: false })).toString())).toEqual({
      ...streamed,
      id: expect.any(String),
      content: withoutIds(streamed.content),
    })
  }
})

test('a session reads from the cache exactly what its earlier requests wrote', () => {
  let cached = 0
  for (const body of claudeCodeSession({ turns: 12, bytes: 200_000 })) {
    const usage = billedBy(script({ endpoint: 'messages', headers: [], body }))
    expect(usage.cacheRead).toBe(cached)
    expect(usage.cacheWrite5m).toBeGreaterThan(0)
    cached = usage.cacheRead + usage.cacheWrite5m
  }
})

test('an hour in the cache mark is billed as an hour', () => {
  const body = claudeCodeBody().toString().replaceAll('{"type":"ephemeral"}', '{"type":"ephemeral","ttl":"1h"}')
  const usage = billedBy(script({ endpoint: 'messages', headers: [], body: Buffer.from(body) }))
  expect(usage.cacheWrite1h).toBeGreaterThan(0)
  expect(usage.cacheWrite5m).toBe(0)
})

test('count_tokens counts what the message would be billed for its input', () => {
  const body = claudeCodeBody({ turns: 3 })
  const { input, cacheRead, cacheWrite5m } = billedBy(script({ endpoint: 'messages', headers: [], body }))
  const counted = bodyOf(script({ endpoint: 'count_tokens', headers: [], body }))
  expect(JSON.parse(counted.toString())).toEqual({ input_tokens: input + cacheRead + cacheWrite5m })
})

test('no answer is longer than max_tokens allows, and a cut one says so', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.string({ unit: 'grapheme' }), (maxTokens, prompt) => {
      const message = assemble(bodyOf(play('sandbox-echo', { max_tokens: maxTokens, messages: [user(prompt)] })))
      expect(message.usage.output_tokens).toBeLessThanOrEqual(maxTokens)
      expect(JSON.stringify(message)).not.toContain('\\ud')
      if (message.stop_reason !== 'max_tokens') expect(message.stop_reason).toBe('end_turn')
    }),
  )
  expect(assemble(bodyOf(play('claude-haiku-5-5', { max_tokens: 1 }))).stop_reason).toBe('max_tokens')
})

test('the tool script goes one step further with every result, and ends with words', () => {
  const messages: object[] = [user('Go on.')]
  const asked: string[] = []
  for (let turn = 0; turn < 20; turn += 1) {
    const message = assemble(bodyOf(play('sandbox-tools', { tools: TOOLS, messages })))
    const calls = message.content.filter(({ type }) => type === 'tool_use')
    if (calls.length === 0) {
      expect(message.stop_reason).toBe('end_turn')
      break
    }
    expect(message.stop_reason).toBe('tool_use')
    asked.push(calls.map(({ name }) => String(name)).join('+'))
    const results = calls.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: '/project\nREADME.md' }))
    messages.push({ role: 'assistant', content: message.content }, { role: 'user', content: results })
  }
  expect(asked).toEqual(['Bash', 'Read+Bash', 'Bash'])
})

test('a tool that nobody knows is called with the least its schema asks for', () => {
  const tool = {
    name: 'get_weather',
    input_schema: {
      type: 'object',
      properties: { place: { type: 'string' }, days: { type: 'integer' }, unit: { enum: ['C', 'F'] } },
      required: ['place', 'unit'],
    },
  }
  const message = assemble(bodyOf(play('sandbox-tools', { tools: [tool] })))
  expect(message.content.at(-1)).toMatchObject({ name: 'get_weather', input: { place: 'sandbox', unit: 'C' } })
})

test('verdicts are given for every tool call when asked for, under the calls’ own ids, and not otherwise', () => {
  const asking = { tools: TOOLS, safeguards: [{ type: 'dangerous_tool_use', classifier_context: {} }] }
  for (const [model, outcome] of [
    ['sandbox-safeguards', 'not_flagged'],
    ['sandbox-flagged', 'flagged'],
  ] as const) {
    const message = assemble(bodyOf(play(model, asking)))
    const calls = message.content.filter(({ type }) => type === 'tool_use').map(({ id }) => String(id))
    expect(calls).not.toEqual([])
    expect(message['safeguard_results']).toEqual([
      {
        type: 'dangerous_tool_use',
        status: {
          type: 'available',
          tool_uses: Object.fromEntries(calls.map((id) => [id, { type: 'evaluated', outcome }])),
        },
      },
    ])
  }
  expect(assemble(bodyOf(play('sandbox-safeguards', { tools: TOOLS })))).not.toHaveProperty('safeguard_results')
})

test('a title is asked for as JSON and comes as JSON', () => {
  const schema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] }
  const body = bodyOf(play('claude-haiku-5-5', { output_config: { format: { type: 'json_schema', schema } } }))
  expect(JSON.parse(readText(body))).toEqual({ title: expect.any(String) })
})

test('a web search is billed as one', () => {
  const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 8 }]
  const scene = play('claude-opus-5-5', { tools })
  expect(billedBy(scene).webSearches).toBe(1)
  expect(assemble(bodyOf(scene)).usage).toMatchObject({ server_tool_use: { web_search_requests: 1 } })
})

test('every error has the provider’s envelope, and its request id in header and body', () => {
  const errors = SANDBOX_MODELS.filter(({ id }) => /^sandbox-(error-|overloaded$|rate)/.test(id))
  expect(errors.length).toBeGreaterThan(12)
  for (const { id } of errors) {
    const scene = play(id)
    const { status, headers } = headOf(scene)
    const envelope = JSON.parse(bodyOf(scene).toString()) as { request_id: string }
    expect(status).toBe(Number(/\d+/.exec(id)?.[0] ?? (id === 'sandbox-overloaded' ? 529 : 429)))
    expect(envelope).toMatchObject({ type: 'error', error: { type: expect.any(String), message: expect.any(String) } })
    expect(envelope.request_id).toBe(header(headers, 'request-id'))
    expect(billedBy(scene).output).toBe(0)
  }
})

test('a rate limit tells when to come back', () => {
  const { headers } = headOf(play('sandbox-rate-limited'))
  expect(header(headers, 'retry-after')).toBe('2')
  expect(header(headers, 'anthropic-ratelimit-requests-remaining')).toBe('0')
})

test('a stream that breaks has begun its text and bills only what came', () => {
  const whole = billedBy(play('sandbox-slow'))
  for (const model of ['sandbox-cut', 'sandbox-overloaded-mid', 'sandbox-silent-mid']) {
    const scene = play(model)
    const names = readEvents(bodyOf(scene)).map(({ name }) => name)
    expect(names).toContain('content_block_delta')
    expect(names).not.toContain('message_stop')
    expect(billedBy(scene).output).toBeLessThan(whole.output)
    expect(billedBy(scene).input).toBe(whole.input)
  }
})

test('faults end as their names say', () => {
  const ends = Object.fromEntries(
    [
      'cut',
      'cut-first',
      'cut-start',
      'cut-clean',
      'silent',
      'silent-first',
      'silent-mid',
      'empty',
      'overloaded-late',
    ].map((fault) => [fault, play(`sandbox-${fault}`).steps.at(-1)!.kind]),
  )
  expect(ends).toEqual({
    cut: 'cut',
    'cut-first': 'cut',
    'cut-start': 'cut',
    'cut-clean': 'end',
    silent: 'silence',
    'silent-first': 'silence',
    'silent-mid': 'silence',
    empty: 'end',
    'overloaded-late': 'end',
  })
})

test('odd framings carry the same answer', () => {
  const plain = readText(bodyOf(play('sandbox-slow')))
  const packed = play('sandbox-compressed')
  expect(header(headOf(packed).headers, 'content-encoding')).toBe('gzip')
  const text = (bytes: Buffer) => readText(bytes).replace(/sandbox-\w+/, 'it')
  expect(text(gunzipSync(bodyOf(packed)))).toBe(text(Buffer.from(bodyOf(play('sandbox-slow')))))
  const odd = bodyOf(play('sandbox-crlf'))
  expect(odd.toString()).not.toMatch(/[^\r]\n/)
  expect(text(odd)).toBe(plain.replace('sandbox-slow', 'it'))
})

test('huge answers are huge', () => {
  expect(readEvents(bodyOf(play('sandbox-huge'))).length).toBeGreaterThan(10_000)
  const [call] = assemble(bodyOf(play('sandbox-huge-tool'))).content
  expect(JSON.stringify(call!['input']).length).toBeGreaterThan(5_000_000)
})

test('numbers are sent as they are written, in a stream and in a document', () => {
  for (const stream of [true, false]) {
    const text = bodyOf(play('sandbox-numbers', { stream })).toString().replaceAll('"}}\n\n', '')
    expect(text).toContain('12345678901234567890')
  }
  expect(bodyOf(play('sandbox-numbers', { stream: false })).toString()).toContain('"rate": 1.0, "tiny": 1e-400')
})

test('what is no request gets a 400, and an unknown model a 404', () => {
  for (const body of [
    '',
    '[]',
    'not json',
    '{"model":"claude-x"}',
    '{"model":"claude-x","messages":[]}',
    '{"messages":[{}]}',
  ]) {
    expect(headOf(script({ endpoint: 'messages', headers: [], body: Buffer.from(body) })).status).toBe(400)
  }
  expect(headOf(play('gpt-9')).status).toBe(404)
})

test('a compressed request is read, and one that would burst is refused', () => {
  const body = Buffer.from(JSON.stringify({ model: 'sandbox-echo', max_tokens: 9, messages: [user('packed')] }))
  const status = (encoding: string, packed: Buffer) =>
    headOf(script({ endpoint: 'messages', headers: ['Content-Encoding', encoding], body: packed })).status
  expect(status('gzip', gzipSync(body))).toBe(200)
  expect(status('deflate', deflateSync(body))).toBe(200)
  expect(status('br', brotliCompressSync(body))).toBe(200)
  expect(status('zstd', zstdCompressSync(body))).toBe(200)
  expect(status('gzip', body)).toBe(400)
  expect(status('gzip', gzipSync(Buffer.alloc(40 * 1024 * 1024, ' ')))).toBe(400)
})

test('no body makes the script throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('messages', 'count_tokens'), (value, endpoint) => {
      const members =
        typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { tools: [value], system: value }
      const body = Buffer.from(
        JSON.stringify({ model: 'sandbox-agents', max_tokens: 5, messages: [value], ...members }),
      )
      expect(headOf(script({ endpoint, headers: [], body })).status).toBeGreaterThan(0)
    }),
  )
})

const TOOLS = ['Bash', 'Read', 'Edit'].map((name) => ({ name, input_schema: { type: 'object' } }))

function user(text: string) {
  return { role: 'user', content: text }
}

function play(model: string, more: object = {}): Scene {
  const body = { model, max_tokens: 32_000, messages: [user('Hello?')], stream: true, ...more }
  return script({ endpoint: 'messages', headers: [], body: Buffer.from(JSON.stringify(body)) })
}

function isNoBytes({ kind }: Step): boolean {
  return kind !== 'bytes'
}

function headOf({ steps }: Scene) {
  return steps.find((step) => step.kind === 'head')!
}

function bodyOf({ steps }: Scene): Buffer {
  return Buffer.concat(steps.flatMap((step: Step) => (step.kind === 'bytes' ? [step.bytes] : [])))
}

function billedBy({ steps }: Scene) {
  return steps.flatMap((step) => (step.kind === 'bytes' && step.billed !== undefined ? [step.billed] : [])).at(-1)!
}

interface Assembled {
  readonly [member: string]: unknown
  readonly content: Record<string, unknown>[]
  readonly stop_reason: string
  readonly usage: { readonly output_tokens: number }
}

/** Puts a stream together the way a client does. */
function assemble(bytes: Buffer): Assembled {
  let message: Record<string, unknown> = {}
  const content: Record<string, unknown>[] = []
  let json = ''
  for (const { data } of readEvents(bytes)) {
    const event = JSON.parse(data) as Record<string, Record<string, unknown>> & { type: string; index: number }
    const block = content[event.index]
    if (event.type === 'message_start') message = { ...event['message'] }
    if (event.type === 'content_block_start') {
      content[event.index] = { ...event['content_block'] }
      json = ''
    }
    const { delta } = event
    if (event.type === 'content_block_delta' && block !== undefined && delta !== undefined) {
      if (typeof delta['text'] === 'string') block['text'] += delta['text']
      if (typeof delta['thinking'] === 'string') block['thinking'] += delta['thinking']
      if (typeof delta['signature'] === 'string') block['signature'] = delta['signature']
      if (typeof delta['partial_json'] === 'string') json += delta['partial_json']
    }
    if (event.type === 'content_block_stop' && json !== '') block!['input'] = JSON.parse(json)
    if (event.type === 'message_delta') message = { ...message, ...delta, usage: event['usage'] }
  }
  return { ...message, content } as unknown as Assembled
}

/** Ids and signatures follow from the bytes, and a request for a stream has other bytes than one without. */
function withoutIds(content: readonly Record<string, unknown>[]) {
  return content.map((block) => ({
    ...block,
    ...('id' in block && { id: expect.any(String) }),
    ...('signature' in block && { signature: expect.any(String) }),
  }))
}

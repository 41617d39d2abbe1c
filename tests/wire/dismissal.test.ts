import { afterEach, expect, test } from 'vitest'
import { header } from '../../src/core/headers.ts'
import type { KeyLookup } from '../../src/gateway/parts.ts'
import { type HttpExchange, sendJson } from '../../src/testing/http.ts'
import {
  CALLER,
  EVENT_STREAM,
  type DataPlaneOptions,
  WHOLE_STREAM,
  gateway,
  provider,
  start,
  type startProvider,
  stop,
} from './data-plane.ts'

const MESSAGE = { model: 'claude-sonnet-5-5', max_tokens: 64, messages: [{ role: 'user', content: 'Say hi' }] }
const STREAMING = { ...MESSAGE, stream: true }
const OURS = 'pcl_ours'
const THEIRS = 'pcl_theirs'
const BEGINNING = WHOLE_STREAM.slice(0, 4).join('')
const REST = WHOLE_STREAM.slice(4).join('')

type Turn = Parameters<typeof startProvider>[0]

let lookups: Record<string, KeyLookup>
/** Ends, of every stream that was begun. */
let ends: (() => void)[]

afterEach(() => stop())

/** Says the beginning; the rest when it is told to. */
const beginStream: Turn = (_request, response) => {
  response.writeHead(200, EVENT_STREAM).write(BEGINNING)
  ends.push(() => response.end(REST))
}

async function begin(turn: Turn, options: Partial<DataPlaneOptions> = {}): Promise<void> {
  const active: KeyLookup = { state: 'active', caller: CALLER }
  lookups = { [OURS]: active, [THEIRS]: active }
  ends = []
  await start(turn, { lookups, ...options })
}

function ask(document: object = STREAMING, key = OURS): HttpExchange {
  return sendJson(`${gateway.url}/v1/messages`, document, ['authorization', `Bearer ${key}`])
}

test.for([
  { state: 'revoked', code: 'key.revoked', type: 'authentication_error' },
  { state: 'suspended', code: 'user.suspended', type: 'permission_error' },
  { state: 'unknown', code: 'key.unknown', type: 'authentication_error' },
] as const)('a stream ends with an honest error when its key is $state', async ({ state, code, type }) => {
  await begin(beginStream)
  const running = ask()
  await running.firstBytes
  lookups[OURS] = { state }
  gateway.keysChanged()
  const { body, whole } = await running.answer
  const [said, told] = body.toString().split('event: error\n')
  expect(said).toBe(BEGINNING)
  expect(told).toContain(`"type":"${type}"`)
  expect(whole).toBe(true)
  await provider.requests[0]!.gone
  await gateway.recorded(1)
  expect(gateway.records[0]).toMatchObject({ outcome: 'interrupted', interruptedBy: 'gateway', errorCode: code })
  expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'interrupted', interruptedBy: 'gateway' })
  expect(gateway.entries[0]!.closing!.usage).toMatchObject({ input: 25 })
  expect((await ask().answer).status).toBe(state === 'suspended' ? 403 : 401)
})

test('a request that has no answer yet is refused with its status, and charged for what the provider may have done', async () => {
  let asked = () => {}
  const isAsked = new Promise<void>((resolve) => (asked = resolve))
  await begin(() => asked())
  const running = ask(MESSAGE)
  await isAsked
  lookups[OURS] = { state: 'revoked' }
  gateway.keysChanged()
  const refused = await running.answer
  expect(refused.status).toBe(401)
  expect(header(refused.headers, 'x-should-retry')).toBe('false')
  expect(header(refused.headers, 'x-portcullis-error')).toBe('key.revoked')
  await gateway.recorded(1)
  expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'interrupted', interruptedBy: 'gateway' })
})

test('nobody takes over for a key that was revoked', async () => {
  let asked = () => {}
  const isAsked = new Promise<void>((resolve) => (asked = resolve))
  await begin(() => asked(), { others: { second: { origin: 'http://127.0.0.1:9' } } })
  const config = JSON.stringify({
    strategy: { mode: 'fallback' },
    targets: [{ provider: '@prod', retry: { attempts: 3 } }, { provider: '@second' }],
  })
  const running = sendJson(`${gateway.url}/v1/messages`, STREAMING, [
    'authorization',
    `Bearer ${OURS}`,
    'x-portkey-config',
    config,
  ])
  await isAsked
  lookups[OURS] = { state: 'revoked' }
  gateway.keysChanged()
  expect((await running.answer).status).toBe(401)
  expect(gateway.entries).toHaveLength(1)
})

test('streams of other keys go on', async () => {
  await begin(beginStream)
  const running = ask(STREAMING, THEIRS)
  await running.firstBytes
  lookups[OURS] = { state: 'revoked' }
  gateway.keysChanged()
  ends[0]!()
  expect((await running.answer).body.toString()).toBe(BEGINNING + REST)
})

test('a key that expires, or whose rotation is over, ends what it has begun', async () => {
  await begin(beginStream)
  const running = ask()
  await running.firstBytes
  lookups[OURS] = { state: 'expired', at: 0 }
  gateway.keysChanged()
  ends[0]!()
  expect((await running.answer).body.toString()).toBe(BEGINNING + REST)
})

test('an organisation may let running streams end by themselves', async () => {
  await begin(beginStream, { endsRunning: false })
  const running = ask()
  await running.firstBytes
  lookups[OURS] = { state: 'revoked' }
  gateway.keysChanged()
  ends[0]!()
  expect((await running.answer).body.toString()).toBe(BEGINNING + REST)
  expect((await ask().answer).status).toBe(401)
})

test('a thousand revoked streams end in one go', async () => {
  await begin(beginStream)
  const running = Array.from({ length: 1_000 }, () => ask())
  await Promise.all(running.map(({ firstBytes }) => firstBytes))
  lookups[OURS] = { state: 'revoked' }
  gateway.keysChanged()
  const answers = await Promise.all(running.map(({ answer }) => answer))
  expect(answers.every(({ body }) => body.includes('authentication_error'))).toBe(true)
  await gateway.recorded(1_000)
  expect(gateway.entries.every(({ closing }) => closing?.interruptedBy === 'gateway')).toBe(true)
})

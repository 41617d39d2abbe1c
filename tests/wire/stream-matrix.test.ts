import { createServer } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { header } from '../../src/core/headers.ts'
import type { Step } from '../../src/providers/scripted/scene.ts'
import { type TestGateway, startGateway } from '../../src/testing/gateway.ts'
import { type HttpAnswer, sendJson } from '../../src/testing/http.ts'
import { readEvents } from '../../src/testing/read-events.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../../src/testing/scripted-upstream.ts'

/*
 * Everything that can go wrong with a stream, at each place of a fallback over three targets. A fault before the first
 * content is never seen by the client; one after it is never hidden from him.
 */

const SLUGS = ['first', 'second', 'third'] as const

/** How long the gateway waits for a target that keeps silent. Faults of silence take this long, so they run side by side. */
const PATIENCE_MS = '1500'

let gateway: TestGateway
let upstreams: ScriptedUpstream[]
/** What each target does with a model's name: every case has a name of its own, and so shares no memory with another. */
const plays = new Map<string, readonly (readonly Step[])[]>()

beforeAll(async () => {
  upstreams = await Promise.all(
    SLUGS.map((_slug, at) =>
      startScriptedUpstream({
        direct: ({ ask }) => {
          const steps = plays.get(ask?.model ?? '')?.[at]
          return steps && { steps }
        },
      }),
    ),
  )
  const nowhere = `http://127.0.0.1:${await closedPort()}`
  const origins = [...upstreams.map(({ origin }) => origin), nowhere]
  gateway = await startGateway({
    trustedHosts: origins.map((origin) => new URL(origin).host),
    settings: {
      PORTCULLIS_FIRST_EVENT_TIMEOUT_MS: PATIENCE_MS,
      PORTCULLIS_FIRST_BYTE_TIMEOUT_MS: PATIENCE_MS,
      PORTCULLIS_IDLE_TIMEOUT_MS: PATIENCE_MS,
    },
  })
  for (const [at, slug] of [...SLUGS, 'nowhere'].entries()) {
    await gateway.admin('POST', '/integrations', {
      name: slug,
      slug,
      default_provider_slug: slug,
      ai_provider_id: 'anthropic',
      key: `sk-ant-of-${slug}`,
      configurations: { custom_host: `${origins[at]}/v1` },
    })
  }
})

afterAll(async () => {
  await gateway.stop()
  await Promise.all(upstreams.map((upstream) => upstream.stop()))
})

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

const HEAD: Step = {
  kind: 'head',
  status: 200,
  headers: ['content-type', 'text/event-stream; charset=utf-8', 'request-id', 'req_upstream'],
}
const CUT: Step = { kind: 'cut' }
const SILENCE: Step = { kind: 'silence' }
const END: Step = { kind: 'end' }

const bytes = (text: string): Step => ({ kind: 'bytes', bytes: Buffer.from(text) })
const event = (type: string, members: object): Step =>
  bytes(`event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`)

const START = event('message_start', {
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-5-5',
    content: [],
    stop_reason: null,
    usage: { input_tokens: 25, output_tokens: 1 },
  },
})
const PING = event('ping', {})
const BLOCK = event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
const WORDS = event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'The tide is' } })
const MORE = event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: ' going out.' } })
const BLOCK_END = event('content_block_stop', { index: 0 })
const RESULT = event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } })
const STOP = event('message_stop', {})

const WHOLE = [HEAD, START, PING, BLOCK, WORDS, MORE, BLOCK_END, RESULT, STOP, END]
/** Up to the middle of the first block, and up to its end. */
const INSIDE = [HEAD, START, PING, BLOCK, WORDS]
const AFTER_BLOCK = [...INSIDE, MORE, BLOCK_END]

const failure = (type: string, message = 'The upstream says so') => event('error', { error: { type, message } })

/** A whole document with another status, or of another kind. */
const document = (status: number, type: string, text: string): readonly Step[] => [
  { kind: 'head', status, headers: ['content-type', type, 'content-length', String(Buffer.byteLength(text))] },
  bytes(text),
  END,
]
const MESSAGE = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5-5',
  content: [{ type: 'text', text: 'The tide is going out.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 25, output_tokens: 7 },
})
const WHOLE_DOCUMENT = document(200, 'application/json', MESSAGE)
const WEB_PAGE = document(200, 'text/html', '<!doctype html><title>Sign in to the network</title>')
const OVERLOADED = document(
  529,
  'application/json',
  JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
)

/** The head and half of the document that it announced. */
const HALF_A_DOCUMENT: readonly Step[] = [WHOLE_DOCUMENT[0]!, bytes(MESSAGE.slice(0, MESSAGE.length >> 1))]

/** No connection at all: the target is one at whose address nobody listens. */
const REFUSED = 'refused'

interface Case {
  readonly name: string
  readonly steps: readonly Step[] | typeof REFUSED
}

/** Unusual, but nothing is wrong: every byte goes through. */
const HEALTHY: readonly Case[] = [
  { name: 'the usual events', steps: WHOLE },
  { name: 'lines that end with CR LF', steps: WHOLE.map(withCrLf) },
  { name: 'no pings', steps: WHOLE.filter((step) => step !== PING) },
  { name: 'an event of an unknown kind', steps: [HEAD, START, event('weather', { sun: true }), ...WHOLE.slice(3)] },
  { name: 'many pings before the content', steps: [HEAD, START, PING, PING, PING, PING, ...WHOLE.slice(3)] },
  { name: 'comments before the content', steps: [HEAD, bytes(': still here\n\n: still here\n\n'), ...WHOLE.slice(1)] },
]

/** Wrong before the first content: the next target serves, and the client sees nothing of it. */
const FAULTS_BEFORE_CONTENT: readonly Case[] = [
  { name: 'a refused connection', steps: REFUSED },
  { name: 'a cut before the head', steps: [CUT] },
  { name: 'a cut after the head', steps: [HEAD, CUT] },
  { name: 'a cut after message_start', steps: [HEAD, START, CUT] },
  { name: 'a cut after message_start and pings', steps: [HEAD, START, PING, PING, CUT] },
  { name: 'a clean end after message_start', steps: [HEAD, START, END] },
  { name: 'an empty stream', steps: [HEAD, END] },
  { name: 'a web page', steps: WEB_PAGE },
  { name: 'JSON that is no answer', steps: document(200, 'application/json', '{"status":"ok"}') },
  { name: 'silence before the head', steps: [SILENCE] },
  { name: 'silence after the head', steps: [HEAD, SILENCE] },
  { name: 'silence after message_start', steps: [HEAD, START, SILENCE] },
]

/** As the ones before, but told by the provider itself, inside an answer with status 200. */
const ERRORS_BEFORE_CONTENT: readonly Case[] = [
  { name: 'an overload as the first event', steps: [HEAD, failure('overloaded_error', 'Overloaded'), END] },
  { name: 'an overload after message_start', steps: [HEAD, START, failure('overloaded_error', 'Overloaded'), END] },
  { name: 'an internal error as the first event', steps: [HEAD, failure('api_error'), END] },
  { name: 'a rate limit as the first event', steps: [HEAD, failure('rate_limit_error'), END] },
  { name: 'an unpaid bill as the first event', steps: [HEAD, failure('billing_error'), END] },
]

/** Wrong after the first content: what was said stays, and an error says that it is not all. */
const FAULTS_AFTER_CONTENT: readonly Case[] = [
  { name: 'a cut inside the text', steps: [...INSIDE, CUT] },
  { name: 'a clean end inside the text', steps: [...INSIDE, END] },
  { name: 'an error inside the text', steps: [...INSIDE, failure('overloaded_error'), END] },
  { name: 'an unpaid bill inside the text', steps: [...INSIDE, failure('billing_error'), END] },
  { name: 'silence inside the text', steps: [...INSIDE, SILENCE] },
  { name: 'a cut after a whole block', steps: [...AFTER_BLOCK, CUT] },
  { name: 'a clean end after a whole block', steps: [...AFTER_BLOCK, END] },
  { name: 'an error after a whole block', steps: [...AFTER_BLOCK, failure('api_error'), END] },
  { name: 'silence after a whole block', steps: [...AFTER_BLOCK, SILENCE] },
]

/** Without a stream nothing is begun before everything is there. */
const FAULTS_OF_DOCUMENTS: readonly Case[] = [
  { name: 'a refused connection', steps: REFUSED },
  { name: 'a cut before the head', steps: [CUT] },
  { name: 'a cut after the head', steps: [WHOLE_DOCUMENT[0]!, CUT] },
  { name: 'a cut inside the document', steps: [...HALF_A_DOCUMENT, CUT] },
  { name: 'an empty document', steps: document(200, 'application/json', '') },
  { name: 'a web page', steps: WEB_PAGE },
  { name: 'silence before the head', steps: [SILENCE] },
  { name: 'silence after the head', steps: [WHOLE_DOCUMENT[0]!, SILENCE] },
  { name: 'silence inside the document', steps: [...HALF_A_DOCUMENT, SILENCE] },
]

const PLACES = [0, 1, 2] as const

/** The same cases at the first, second and third target. */
const at = (cases: readonly Case[]) =>
  PLACES.flatMap((place) => cases.map((each) => ({ ...each, place, target: SLUGS[place] })))

let asked = 0

/**
 * Asks through a fallback whose targets before `place` are overloaded, whose target at `place` does as the case says, and
 * whose others are well. Also tells how often each target was called.
 */
async function ask(steps: Case['steps'], place: number, stream: boolean): Promise<Seen> {
  const model = `claude-case-${(asked += 1)}`
  const well = stream ? WHOLE : WHOLE_DOCUMENT
  plays.set(
    model,
    SLUGS.map((_slug, target) => (target < place ? OVERLOADED : target === place && steps !== REFUSED ? steps : well)),
  )
  const targets = SLUGS.map((slug, target) => ({
    provider: target === place && steps === REFUSED ? '@nowhere' : `@${slug}`,
  }))
  const answer = await sendJson(
    `${gateway.url}/v1/messages`,
    { model, max_tokens: 100, stream, messages: [{ role: 'user', content: 'What does the sea do?' }] },
    ['x-api-key', gateway.key, 'x-portkey-config', JSON.stringify({ strategy: { mode: 'fallback' }, targets })],
  ).answer
  return {
    answer,
    calls: upstreams.map(({ requests }) => requests.filter((request) => request.ask?.model === model).length),
    usedOption: header(answer.headers, 'x-portkey-last-used-option-index'),
  }
}

interface Seen {
  readonly answer: HttpAnswer
  readonly calls: readonly number[]
  readonly usedOption: string | undefined
}

/** One call for every target up to `last`, none for the others. */
const oneCallUpTo = (last: number, steps: Case['steps'], place: number) =>
  PLACES.map((target) => (target > last || (target === place && steps === REFUSED) ? 0 : 1))

describe.concurrent('a stream', () => {
  test.each(at(HEALTHY))('with $name from the $target target goes through byte for byte', async ({ steps, place }) => {
    const { answer, calls, usedOption } = await ask(steps, place, true)
    expect(answer.status).toBe(200)
    expect(answer.body.toString()).toBe(textOf(steps))
    expect(calls).toEqual(oneCallUpTo(place, steps, place))
    expect(usedOption).toBe(`config.targets[${place}]`)
  })

  const untold = at(FAULTS_BEFORE_CONTENT)
  const told = at(ERRORS_BEFORE_CONTENT)
  test.each([...untold, ...told].filter(({ place }) => place < 2))(
    'that fails at the $target target with $name is served by the next one, unseen',
    async ({ steps, place }) => {
      const { answer, calls, usedOption } = await ask(steps, place, true)
      expect(answer.status).toBe(200)
      expect(answer.body.toString()).toBe(textOf(WHOLE))
      expect(calls).toEqual(oneCallUpTo(place + 1, steps, place))
      expect(usedOption).toBe(`config.targets[${place + 1}]`)
    },
  )

  test.each(told.filter(({ place }) => place === 2))(
    'that begins with $name at the last target is handed on as it came',
    async ({ steps, place }) => {
      const { answer, calls } = await ask(steps, place, true)
      expect(answer.body.toString()).toBe(textOf(steps))
      expect(readEvents(answer.body).at(-1)!.name).toBe('error')
      expect(calls).toEqual([1, 1, 1])
    },
  )

  test.each(untold.filter(({ place }) => place === 2))(
    'that fails at the last target with $name is one clean refusal',
    async ({ steps, place }) => {
      const { answer, calls } = await ask(steps, place, true)
      expectRefusal(answer)
      expect(calls).toEqual(oneCallUpTo(2, steps, place))
    },
  )

  test.each(at(FAULTS_AFTER_CONTENT))(
    'that the $target target leaves with $name keeps what was said, ends with an error, and calls nobody else',
    async ({ steps, place }) => {
      const { answer, calls, usedOption } = await ask(steps, place, true)
      expect(answer.status).toBe(200)
      expect(answer.body.toString()).toContain(textOf(INSIDE))
      const names = readEvents(answer.body).map(({ name }) => name)
      expect(names.filter((name) => name === 'error')).toHaveLength(1)
      expect(names.at(-1)).toBe('error')
      expect(names.filter((name) => name === 'message_start')).toHaveLength(1)
      expect(calls).toEqual(oneCallUpTo(place, steps, place))
      expect(usedOption).toBe(`config.targets[${place}]`)
    },
  )

  test.each(PLACES)('whose error at place %i is the request’s own fault is not tried elsewhere', async (place) => {
    const { answer, calls } = await ask([HEAD, failure('invalid_request_error', 'bad thing'), END], place, true)
    expect(answer.body.toString()).toContain('bad thing')
    expect(calls).toEqual(oneCallUpTo(place, [], place))
  })
})

describe.concurrent('an answer without a stream', () => {
  const cases = at(FAULTS_OF_DOCUMENTS)
  test.each(cases.filter(({ place }) => place < 2))(
    'that fails at the $target target with $name is served by the next one, unseen',
    async ({ steps, place }) => {
      const { answer, calls, usedOption } = await ask(steps, place, false)
      expect(answer.status).toBe(200)
      expect(answer.body.toString()).toBe(MESSAGE)
      expect(calls).toEqual(oneCallUpTo(place + 1, steps, place))
      expect(usedOption).toBe(`config.targets[${place + 1}]`)
    },
  )

  test.each(cases.filter(({ place }) => place === 2))(
    'that fails at the last target with $name is one clean refusal',
    async ({ steps, place }) => {
      const { answer, calls } = await ask(steps, place, false)
      expectRefusal(answer)
      expect(calls).toEqual(oneCallUpTo(2, steps, place))
    },
  )
})

describe('after all of that', () => {
  test.each(PLACES)('every call to target %i stands in the account book once', async (place) => {
    await gateway.summary()
    const { upstream_calls } = await gateway.admin<{ upstream_calls: number }>(
      'GET',
      `/usage/summary?provider=${SLUGS[place]}`,
    )
    expect(upstream_calls).toBe(upstreams[place]!.requests.length)
    expect(upstream_calls).toBeGreaterThan(30)
  })
})

/** An error with a status that makes the client come back, in the provider's envelope, and nothing of a message. */
function expectRefusal({ status, headers, body, whole }: HttpAnswer): void {
  expect(whole).toBe(true)
  expect(status).toBeGreaterThanOrEqual(402)
  expect(header(headers, 'content-type')).toMatch(/^application\/json/)
  expect(JSON.parse(body.toString())).toMatchObject({ type: 'error', error: { type: expect.any(String) } })
}

function withCrLf(step: Step): Step {
  return step.kind === 'bytes' ? bytes(step.bytes.toString().replaceAll('\n', '\r\n')) : step
}

function textOf(steps: Case['steps']): string {
  if (steps === REFUSED) return ''
  return steps.map((step) => (step.kind === 'bytes' ? step.bytes.toString() : '')).join('')
}

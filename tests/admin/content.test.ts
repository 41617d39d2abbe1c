import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { beginStory } from './content-story.ts'

const REQUEST =
  '{"model":"claude-opus-5","messages":[{"role":"user","content":"größer"},{"role":"user","content":"neu"}],"tools":[]}'
const STREAM = 'event: message_start\ndata: {}\n\n'

const ENVELOPE = JSON.stringify({
  method: 'POST',
  path: '/v1/messages?beta=true',
  requestHeaders: ['content-type', 'application/json', 'x-api-key', '***'],
  status: 200,
  responseHeaders: ['Content-Type', 'text/event-stream; charset=utf-8'],
  error: undefined,
})

async function tellStory() {
  const story = await beginStory()
  await story.add('req_1')
  story.bodies.keep('req_1', 'client_request', REQUEST)
  story.bodies.keep('req_1', 'response', STREAM)
  story.bodies.keep('req_1', 'envelope', ENVELOPE)
  return story
}

const CONTENT = [
  '/logs/req_1/bodies',
  '/logs/req_1/bodies/client_request',
  '/logs/req_1/delta',
  '/logs/req_1?content=true',
]

describe('the right to content', () => {
  it('everybody opens their own without a reason, and it leaves no entry', async () => {
    const { ask, developer, session, plane } = await tellStory()
    for (const path of [...CONTENT, `/sessions/${session}/replay`]) {
      expect((await ask(developer, path)).status, path).toBe(200)
    }
    expect((await ask(developer, `/sessions/${session}/openings`)).body.data).toEqual([])
    const key = await plane.newKey(['logs.view'], { type: 'user', user_id: developer.user.id })
    expect((await plane.call('GET', '/logs/req_1', undefined, key.key)).status).toBe(404)
  })

  it('of others takes the scope and a reason; metadata takes neither', async () => {
    const { ask, plane, manager, owner, session } = await tellStory()
    const reading = await plane.newKey(['logs.view'])
    const byKey = { name: 'key', headers: { 'x-portkey-api-key': reading.key } }
    for (const path of [...CONTENT, `/sessions/${session}/replay`]) {
      expect((await ask(byKey, path, 'because')).status, path).toBe(403)
      for (const actor of [manager, owner]) {
        const refused = await ask(actor, path)
        expect(refused.status, path).toBe(400)
        expect(refused.text).toContain('x-portcullis-reason')
        expect((await ask(actor, path, 'an incident')).status, path).toBe(200)
      }
    }
    expect((await ask(byKey, '/logs/req_1')).status).toBe(200)
    expect((await ask(byKey, `/sessions/${session}`)).status).toBe(200)
  })

  it('each opening is one entry an hour for a person and a session, and the person sees it', async () => {
    const { ask, add, bodies, plane, developer, manager, owner, colleague, session } = await tellStory()
    await add('req_2', { received_at: 2_000 })
    bodies.keep('req_2', 'client_request', '{}')
    for (const path of [...CONTENT, '/logs/req_2/delta', `/sessions/${session}/replay`]) {
      await ask(manager, path, 'Störung 42')
    }
    await ask(owner, '/logs/req_2/delta', 'audit')
    const openings = await ask(developer, `/sessions/${session}/openings`)
    expect(openings.body.data).toMatchObject([
      { by: owner.name, by_type: 'user', reason: 'audit', log: 'req_2' },
      { by: manager.name, reason: 'Störung 42', log: 'req_1' },
    ])
    plane.clock.advance(3_600_000)
    await ask(manager, '/logs/req_1/delta', 'once more')
    expect((await ask(developer, `/sessions/${session}/openings`)).body.data).toHaveLength(3)
    expect((await ask(colleague, `/sessions/${session}/openings`)).status).toBe(404)
    expect((await ask(manager, `/sessions/${session}/openings`)).status).toBe(403)
    const { body } = await plane.call('GET', '/audit-logs?action=open&resource_type=session')
    expect(body).toMatchObject({ total: 3, records: [{ resource_id: session, reason: 'once more' }, {}, {}] })
    expect((await plane.call('GET', '/audit-logs/verify')).body).toMatchObject({ intact: true })
  })
})

it('a request outside of any session is an entry of its own, and its maker sees it', async () => {
  const { ask, add, bodies, developer, manager } = await tellStory()
  await add('req_loose', { session_key: null, received_at: 2_000 })
  bodies.keep('req_loose', 'client_request', '{}')
  await ask(manager, '/logs/req_loose/delta', 'Störung 42')
  expect((await ask(developer, '/logs/req_loose/openings')).body.data).toMatchObject([
    { by: manager.name, reason: 'Störung 42', log: null },
  ])
  expect((await ask(developer, '/logs/req_1/openings')).body.data).toEqual([])
  expect((await ask(manager, '/logs/req_loose/openings')).status).toBe(403)
})

describe('a body', () => {
  it('comes byte for byte, under its hash, in ranges, and not again to whoever has it', async () => {
    const { ask, plane, developer } = await tellStory()
    const whole = await ask(developer, '/logs/req_1/bodies/client_request')
    const sha256 = createHash('sha256').update(REQUEST).digest('hex')
    expect(whole.text).toBe(REQUEST)
    expect(whole.headers).toMatchObject({
      'content-type': 'application/json',
      etag: `"${sha256}"`,
      'x-portcullis-sha256': sha256,
      'x-portcullis-verified': 'true',
      'x-portcullis-masked': '0',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    const asked = (headers: Record<string, string>) =>
      plane.app.inject({ url: '/v1/logs/req_1/bodies/client_request', headers: { ...developer.headers, ...headers } })
    const part = await asked({ range: 'bytes=2-6' })
    expect([part.statusCode, part.body, part.headers['content-range']]).toEqual([
      206,
      'model',
      `bytes 2-6/${Buffer.byteLength(REQUEST)}`,
    ])
    expect((await asked({ range: 'bytes=-3' })).body).toBe('[]}')
    expect((await asked({ range: 'bytes=100000-' })).statusCode).toBe(416)
    expect((await asked({ range: 'bytes=5-2' })).statusCode).toBe(200)
    expect((await asked({ 'if-none-match': `"${sha256}"` })).statusCode).toBe(304)
    const stream = await ask(developer, '/logs/req_1/bodies/response')
    expect([stream.text, stream.headers['content-type']]).toEqual([STREAM, 'text/event-stream; charset=utf-8'])
  })

  it('an upstream that calls its answer a page gets it shown as bytes', async () => {
    const { ask, bodies, developer } = await tellStory()
    bodies.keep('req_1', 'envelope', ENVELOPE.replace('text/event-stream', 'text/html'))
    const { headers } = await ask(developer, '/logs/req_1/bodies/response')
    expect(headers).toMatchObject({ 'content-type': 'application/octet-stream' })
    expect(headers['content-security-policy']).toContain('sandbox')
  })

  it('that is masked says so, and is not taken for what was sent', async () => {
    const { ask, bodies, developer } = await tellStory()
    const masked = [{ offset: 2, length: 5, rule: 'email' }]
    bodies.keep('req_1', 'client_request', REQUEST.replace('model', '*****'), { masked })
    const { headers } = await ask(developer, '/logs/req_1/bodies/client_request')
    expect(headers).toMatchObject({ 'x-portcullis-verified': 'false', 'x-portcullis-masked': '1' })
    expect((await ask(developer, '/logs/req_1/bodies')).body.data[0]).toMatchObject({ kind: 'client_request', masked })
  })

  it('that cannot be read says why', async () => {
    const { ask, add, developer } = await tellStory()
    await add('req_bare', { body_state: 'none' })
    const refused = await ask(developer, '/logs/req_bare/bodies/response')
    expect([refused.status, refused.body.data]).toMatchObject([404, { errorCode: 'AB08', state: 'none' }])
    expect((await ask(developer, '/logs/req_bare/bodies')).body).toMatchObject({ state: 'none', data: [] })
    expect((await ask(developer, '/logs/req_1/bodies/nonsense')).status).toBe(404)
    expect((await ask(developer, '/logs/req_1/bodies/response?ordinal=7')).status).toBe(404)
  })
})

describe('pieces', () => {
  it('of a delta lie in one member each and begin and end with whole characters', async () => {
    const { ask, bodies, developer } = await tellStory()
    const bytes = Buffer.from(REQUEST)
    // From the middle of the ö to the middle of the second message.
    const offset = bytes.indexOf('ö') + 1
    const fresh = [{ offset, length: bytes.indexOf('neu') - offset + 1 }]
    bodies.keep('req_1', 'client_request', REQUEST, { fresh })
    const { body } = await ask(developer, '/logs/req_1/delta')
    expect(body).toMatchObject({ state: 'readable', bytes: bytes.length, fresh_bytes: fresh[0]!.length })
    const pieces = body['pieces'] as unknown as readonly {
      where: string
      text: string
      offset: number
      length: number
    }[]
    expect(pieces.map(({ where, text }) => [where, text])).toEqual([
      ['messages[0]', 'ößer"},'],
      ['messages[1]', '{"role":"user","content":"n'],
    ])
    for (const piece of pieces) {
      expect(bytes.toString('utf8', piece.offset, piece.offset + piece.length)).toBe(piece.text)
    }
  })

  it('of a comparison are what each has and the other has not; of one session only', async () => {
    const { ask, add, bodies, developer } = await tellStory()
    await add('req_2', { received_at: 2_000 })
    await add('req_elsewhere', { session_key: null })
    bodies.keep('req_2', 'client_request', `${REQUEST.slice(0, -1)},"stream":true}`)
    const { body } = await ask(developer, '/logs/compare?a=req_1&b=req_2')
    expect(body).toMatchObject({
      state: 'readable',
      added: [{ text: ',' }, { where: 'stream', text: '"stream":true}' }],
    })
    expect(body['removed']).toMatchObject([{ text: '}' }])
    expect((await ask(developer, '/logs/compare?a=req_1&b=req_elsewhere')).status).toBe(400)
    expect((await ask(developer, '/logs/compare?a=req_1&b=req_none')).status).toBe(404)
  })
})

it('a replay tells each turn by what was new, and how tools and system stand now', async () => {
  const { ask, add, bodies, developer, session } = await tellStory()
  await add('req_2', { received_at: 2_000 })
  await add('req_3', { received_at: 3_000 })
  bodies.keep('req_2', 'client_request', '{"system":"be kind","messages":[],"tools":[{"name":"Bash"}]}', {
    fresh: [{ offset: 1, length: 8 }],
  })
  const first = await ask(developer, `/sessions/${session}/replay?limit=2`)
  expect(first.body).toMatchObject({
    turns: [
      { log: 'req_1', state: 'readable', response: { text: STREAM, truncated: false } },
      { log: 'req_2', pieces: [{ where: 'system', text: '"system"' }], response: null },
    ],
  })
  expect(first.body['newest']).toBeNull()
  bodies.keep('req_3', 'client_request', '{"system":"be kind","tools":[]}')
  expect((await ask(developer, `/sessions/${session}/replay`)).body['newest']).toEqual({
    log: 'req_3',
    system: '"be kind"',
    tools: '[]',
  })
  const rest = await ask(developer, `/sessions/${session}/replay?limit=2&cursor=${String(first.body['next_cursor'])}`)
  expect(rest.body).toMatchObject({ turns: [{ log: 'req_3' }], newest: null, next_cursor: null })
})

it("Portkey's log document carries request and response where somebody asks for them", async () => {
  const { ask, developer } = await tellStory()
  expect((await ask(developer, '/logs/req_1')).body['request']).toBeUndefined()
  expect((await ask(developer, '/logs/req_1?content=true')).body).toMatchObject({
    content_state: 'readable',
    request: {
      url: '/v1/messages?beta=true',
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': '***' },
      body: { model: 'claude-opus-5', tools: [] },
    },
    response: { status: 200, body: STREAM, responseTime: 1234.5678 },
  })
})

import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { BodyReference } from '../../src/records/bodies/body-reader.ts'
import type { Bodies } from '../../src/records/bodies/create-transcripts.ts'
import { sessionRequests } from '../../src/testing/claude-code-session.ts'
import { begin, hand, referenceOf } from './hand.ts'
import { addRow, libraries, type Library } from './keep-bodies.ts'
import { ENVELOPE } from './envelope.ts'

describe.each(libraries)('bodies on $name', ({ open }) => {
  let library: Library | undefined

  afterEach(async () => {
    await library?.close()
    library = undefined
  })

  async function openBodies(parts?: Parameters<typeof open>[0]): Promise<Bodies> {
    library = await open(parts)
    return library.bodies
  }

  test('every body of an exchange is read back as it was, as soon as it was handed over', async () => {
    const bodies = await openBodies()
    const request = Buffer.from('{"model":"claude","messages":[]}')
    const handed = { id: 'req_1', request }
    const transcript = begin(bodies, handed)
    const reference = referenceOf(handed, transcript)
    expect(await contentOf(bodies, reference, 'client_request')).toEqual(request)

    transcript.upstreamRequest(1, [Buffer.from('edi'), Buffer.from('ted')])
    transcript.upstreamError(0, Buffer.from('overloaded'))
    transcript.upstreamRequest(0, [Buffer.from('edited otherwise')])
    const piece = Buffer.from('event: ping\n\n')
    transcript.response(piece)
    // The buffer is its owner's again.
    piece.fill(0)
    transcript.response(randomBytes(0))
    transcript.response(Buffer.alloc(20_000, 'x'))
    transcript.end(ENVELOPE)

    expect(await contentOf(bodies, reference, 'upstream_request')).toEqual(Buffer.from('edited otherwise'))
    expect(await contentOf(bodies, reference, 'upstream_request', 1)).toEqual(Buffer.from('edited'))
    expect(await contentOf(bodies, reference, 'upstream_error', 0)).toEqual(Buffer.from('overloaded'))
    const response = Buffer.from(`event: ping\n\n${'x'.repeat(20_000)}`)
    expect(await contentOf(bodies, reference, 'response')).toEqual(response)
    expect(JSON.parse(String(await contentOf(bodies, reference, 'envelope')))).toEqual({
      ...ENVELOPE,
      error: undefined,
    })

    const listed = await bodies.list(reference)
    expect(
      listed.state === 'readable' && listed.bodies.map(({ kind, ordinal, bytes }) => [kind, ordinal, bytes]),
    ).toEqual([
      ['client_request', 0, request.length],
      ['upstream_request', 0, 16],
      ['upstream_request', 1, 6],
      ['upstream_error', 0, 10],
      ['response', 0, response.length],
      ['envelope', 0, expect.any(Number)],
    ])
    const sha256 = createHash('sha256').update(response).digest('hex')
    expect(listed.state === 'readable' && listed.bodies[4]?.sha256).toBe(sha256)
  })

  test('what was never there is none, and what is still to come is lost', async () => {
    const bodies = await openBodies()
    const handed = { id: 'req_1', request: Buffer.from('request') }
    const transcript = begin(bodies, handed)
    const reference = referenceOf(handed, transcript)
    expect(await bodies.read(reference, 'response')).toEqual({ state: 'lost' })
    transcript.end(ENVELOPE)
    expect(await bodies.read(reference, 'response')).toEqual({ state: 'none' })
    expect(await bodies.read(reference, 'upstream_request')).toEqual({ state: 'none' })
    expect(await bodies.read({ ...reference, exchangeId: 'req_2' }, 'client_request')).toEqual({ state: 'lost' })
    expect(await bodies.read({ ...reference, state: 'metadata' }, 'client_request')).toEqual({ state: 'metadata' })
  })

  test('whoever names another workspace finds nothing', async () => {
    const bodies = await openBodies()
    const reference = hand(bodies, { id: 'req_1', request: Buffer.from('request') })
    const stranger: BodyReference = { ...reference, workspaceId: 'ws_b' }
    expect(await bodies.read(stranger, 'client_request')).toEqual({ state: 'lost' })
    expect(await bodies.list(stranger)).toEqual({ state: 'lost' })
    await bodies.deleteExchange(stranger)
    await bodies.deleteScope('ws_b', 'ses_1', [reference.shelf!])
    expect(await contentOf(bodies, reference, 'client_request')).toEqual(Buffer.from('request'))
  })

  test('any sequence of bodies comes back, each as it was', async () => {
    const bodies = await openBodies()
    let count = 0
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
      fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
      fc.lorem({ maxCount: 300 }).map((text) => Buffer.from(`{"messages":[{"role":"user","content":"${text}"}]}`)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(body, body, fc.nat(3)), { maxLength: 8 }), async (exchanges) => {
        const handed = exchanges.map(([request, response, scope]) => ({
          id: `req_${++count}`,
          request,
          response,
          scope: `ses_${scope}`,
        }))
        const references = handed.map((each) => hand(bodies, each))
        for (const [index, { request, response }] of handed.entries()) {
          expect(await contentOf(bodies, references[index]!, 'client_request')).toEqual(request)
          if (response.length > 0) expect(await contentOf(bodies, references[index]!, 'response')).toEqual(response)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('a session takes little more than what is new in it, and every turn of it tells what that is', async () => {
    const bodies = await openBodies()
    const requests = sessionRequests({ turns: 12, lastBytes: 250_000, agents: 1 })
    const references = requests.map(({ body, answer, sessionId }, turn) =>
      hand(bodies, { id: `req_${turn}`, request: body, response: answer, scope: sessionId }),
    )
    await bodies.flush()
    const { rawBytes, storedBytes, lost, queueBytes } = bodies.stats()
    expect({ lost, queueBytes }).toEqual({ lost: 0, queueBytes: 0 })
    expect(storedBytes).toBeLessThan(rawBytes * 0.06)
    for (const [turn, { body, answer }] of requests.entries()) {
      expect(await contentOf(bodies, references[turn]!, 'client_request')).toEqual(body)
      if (answer.length > 0) expect(await contentOf(bodies, references[turn]!, 'response')).toEqual(answer)
    }
    const mains = requests.flatMap(({ kind }, turn) => (kind === 'main' ? [turn] : []))
    const [before, after] = mains.slice(-2)
    const compared = await bodies.compare(references[before!]!, references[after!]!)
    const read = await bodies.read(references[after!]!, 'client_request')
    expect(compared.state === 'readable' && read.state === 'readable').toBe(true)
    if (compared.state !== 'readable' || read.state !== 'readable') return
    expect(compared.fresh).toEqual(read.fresh)
    expect(sum(read.fresh)).toBe(read.freshBytes)
    expect(read.freshBytes).toBeLessThan(read.bytes / 5)
  })

  test('two processes write one session, and each reads what the other has kept', async () => {
    const bodies = await openBodies()
    const other = await library!.open()
    try {
      const [first, second] = sessionRequests({ turns: 2, lastBytes: 60_000 })
      const one = hand(bodies, { id: 'req_1', request: first!.body })
      const two = hand(other, { id: 'req_2', request: second!.body })
      await Promise.all([bodies.flush(), other.flush()])
      expect(await contentOf(other, one, 'client_request')).toEqual(first!.body)
      expect(await contentOf(bodies, two, 'client_request')).toEqual(second!.body)
      const compared = await bodies.compare(one, two)
      expect(compared.state === 'readable' && sum(compared.fresh)).toBeLessThan(second!.body.length / 2)
    } finally {
      await other.close()
    }
  })

  test('a body as large as can be comes back', async () => {
    const bodies = await openBodies()
    const request = randomBytes(32 * 1024 * 1024)
    const reference = hand(bodies, { id: 'req_1', request })
    const read = await bodies.read(reference, 'client_request')
    expect(read.state === 'readable' && read.content.equals(request)).toBe(true)
  })

  test('what is more than can wait is dropped, says so, and harms nobody', async () => {
    const bodies = await openBodies({ queueBytesMax: 10_000 })
    const small = { id: 'req_1', request: Buffer.from('small') }
    const transcript = begin(bodies, small)
    const dropped = begin(bodies, { id: 'req_2', request: randomBytes(20_000) })
    expect([dropped.state, dropped.shelf]).toEqual(['dropped', undefined])
    dropped.response(Buffer.from('x'))
    dropped.end(ENVELOPE)
    transcript.upstreamRequest(1, [randomBytes(20_000)])
    for (let piece = 0; piece < 10; piece++) transcript.response(randomBytes(4_000))
    transcript.end(ENVELOPE)
    const reference = referenceOf(small, transcript)
    expect(await contentOf(bodies, reference, 'client_request')).toEqual(Buffer.from('small'))
    expect(await bodies.read(reference, 'response')).toEqual({ state: 'dropped' })
    expect(await bodies.read(reference, 'upstream_request', 1)).toEqual({ state: 'dropped' })
    expect(await bodies.read(reference, 'upstream_request', 0)).toEqual({ state: 'none' })
    await bodies.flush()
    expect(bodies.stats()).toMatchObject({ dropped: 3, lost: 0, queueBytes: 0 })
    const after = hand(bodies, { id: 'req_3', request: Buffer.from('fits again') })
    expect(await contentOf(bodies, after, 'client_request')).toEqual(Buffer.from('fits again'))
  })

  test('a session is called by the first thing that was said in it, until it has a title', async () => {
    const bodies = await openBodies()
    const said = ['', 'and now fix it', 'what else']
    for (const [turn, content] of said.entries()) {
      const request = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content }] }))
      await addRow(library!.store, hand(bodies, { id: `req_${turn}`, request }))
      await bodies.flush()
    }
    const sessions = await library!.store.db.selectFrom('sessions').select('title').execute()
    expect(sessions).toEqual([{ title: 'and now fix it' }])
  })

  test('of whom nothing is to be kept, nothing is', async () => {
    const bodies = await openBodies()
    const reference = hand(bodies, { id: 'req_1', request: Buffer.from('secret'), rules: { content: 'metadata' } })
    expect(reference).toMatchObject({ state: 'metadata', shelf: null })
    await bodies.flush()
    expect(bodies.stats()).toMatchObject({ kept: 0, rawBytes: 0, dropped: 0 })
  })

  test('words are found in what was new, by those who have asked for an index', async () => {
    const bodies = await openBodies()
    const say = (text: string) => Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: text }] }))
    const searchable = { searchable: true }
    hand(bodies, { id: 'req_1', request: say('Where is the Grünkohl?\nNowhere.'), rules: searchable, receivedAt: DAY })
    hand(bodies, { id: 'req_2', request: say('the grünkohl is eaten'), rules: searchable, receivedAt: DAY + 5 })
    hand(bodies, { id: 'req_3', request: say('grünkohl without an index'), receivedAt: DAY })
    hand(bodies, {
      id: 'req_4',
      request: say('grünkohl'),
      rules: searchable,
      workspaceId: 'ws_b',
      scope: 'ses_2',
      receivedAt: DAY,
    })
    const search = (words: string, more = {}) => bodies.search({ ...SEARCH, words, ...more })
    expect(await search('GRÜNKOHL')).toEqual({ exchangeIds: ['req_2', 'req_1'], complete: true })
    expect(await search('nowhere grünkohl')).toEqual({ exchangeIds: ['req_1'], complete: true })
    expect(await search('grünkohl', { limit: 1 })).toEqual({ exchangeIds: ['req_2'], complete: false })
    expect(await search('grünkohl', { workspaceIds: ['ws_b'] })).toEqual({ exchangeIds: ['req_4'], complete: true })
    expect(await search('grünkohl', { timeoutMs: -1 })).toEqual({ exchangeIds: [], complete: false })
    expect(await search('grünkohl', { since: DAY + 3 * 86_400_000, until: DAY + 9 * 86_400_000 })).toEqual(NOTHING)
    expect(await search('?!')).toEqual(NOTHING)
    const shelf = '30d-20261123'
    await bodies.deleteExchange({ exchangeId: 'req_2', workspaceId: 'ws_a', state: 'full', shelf })
    expect(await search('grünkohl')).toEqual({ exchangeIds: ['req_1'], complete: true })
    await bodies.shred('ws_a')
    expect(await search('grünkohl')).toEqual(NOTHING)
  })
})

/** Of the manual clock. */
const DAY = Date.UTC(2026, 10, 23)
const SEARCH = { workspaceIds: ['ws_a'], since: DAY, until: DAY + 86_400_000, limit: 10, timeoutMs: 60_000 }
const NOTHING = { exchangeIds: [], complete: true }

async function contentOf(
  bodies: Bodies,
  reference: BodyReference,
  kind: Parameters<Bodies['read']>[1],
  ordinal?: number,
): Promise<Buffer | string> {
  const read = await bodies.read(reference, kind, ordinal)
  return read.state === 'readable' ? read.content : read.state
}

function sum(ranges: readonly { readonly length: number }[]): number {
  return ranges.reduce((total, { length }) => total + length, 0)
}

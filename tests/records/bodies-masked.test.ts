import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { RecordRules } from '../../src/core/record-rules.ts'
import type { BodyReference } from '../../src/records/bodies/body-reader.ts'
import { ENVELOPE } from './envelope.ts'
import { begin, referenceOf } from './hand.ts'
import { libraries, type Library } from './keep-bodies.ts'

/** Secrets as nobody else has them: one in words of its own, one that a custom rule finds. */
const KEY = `sk-ant-api03-${'CanaryBird'.repeat(8)}-AA`
const PROJECT = 'PROJECT-CANARY-4711'
const MASKED: Partial<RecordRules> = {
  content: 'masked',
  searchable: true,
  masking: [{ name: 'project', pattern: 'PROJECT-[A-Z]+-[0-9]+' }],
}

describe.each(libraries)('content that is masked or not wanted, on $name', ({ name, open }) => {
  let library: Library

  afterEach(() => library.close())

  /** Turns of one session, in which the secrets are said once and repeated in each later turn. */
  function converse(rules: Partial<RecordRules>, name = 'req'): BodyReference[] {
    const messages: object[] = []
    return [0, 1, 2].map((turn) => {
      messages.push({ role: 'user', content: turn === 0 ? `use ${KEY} for ${PROJECT}, please` : `go on ${turn}` })
      const handed = { id: `${name}_${turn}`, request: Buffer.from(JSON.stringify({ messages })), rules }
      const transcript = begin(library.bodies, handed)
      transcript.upstreamRequest(0, [Buffer.from(JSON.stringify({ model: 'other', messages }))])
      transcript.upstreamError(0, Buffer.from(`{"error":"${KEY} is not known"}`))
      transcript.response(streamOf([`I have ${KEY.slice(0, 40)}`, `${KEY.slice(40)} and ${PROJECT} here`]))
      transcript.end({ ...ENVELOPE, path: `/v1/messages?beta=${PROJECT}`, requestHeaders: ['x-note', KEY] })
      messages.push({ role: 'assistant', content: `I have ${KEY} and ${PROJECT} here` })
      return referenceOf(handed, transcript)
    })
  }

  test('what is masked is in no body, in no turn after it, in no list, index or file', async () => {
    library = await open()
    const references = converse(MASKED)
    let masked = 0
    for (const reference of references) {
      const listed = await library.bodies.list(reference)
      if (listed.state !== 'readable') throw new Error(listed.state)
      for (const { kind, ordinal, bytes, masked: ranges } of listed.bodies) {
        const read = await library.bodies.read(reference, kind, ordinal)
        if (read.state !== 'readable') throw new Error(read.state)
        expect(read.content.length).toBe(bytes)
        expectNoCanary(read.content, `${reference.exchangeId} ${kind}`)
        for (const { offset, length } of ranges) {
          expect(read.content.toString('latin1', offset, offset + length)).toMatch(/^\*+$/)
          masked += 1
        }
        if (kind !== 'upstream_error') expect(ranges.map(({ rule }) => rule)).toContain('project')
      }
    }
    expect(masked).toBeGreaterThan(20)
    await library.bodies.flush()
    const turns = await library.store.db.selectFrom('turns').selectAll().execute()
    expect(turns).toHaveLength(3)
    expectNoCanary(Buffer.from(JSON.stringify(turns)), 'turns')
    expect(turns.find(({ id }) => id === 'req_0')?.preview).toMatch(/^use \*+ for \*+, please$/)
    const found = await library.bodies.search({ ...SEARCH, words: 'please' })
    expect(found.exchangeIds).toEqual(['req_0'])
    for (const words of ['canary', '4711', KEY.toLowerCase()]) {
      expect(await library.bodies.search({ ...SEARCH, words })).toEqual({ exchangeIds: [], complete: true })
    }
    scanFiles()
  })

  test('of what is not wanted there is no byte', async () => {
    library = await open()
    for (const reference of converse({ content: 'metadata' })) {
      expect(await library.bodies.read(reference, 'client_request')).toEqual({ state: 'metadata' })
    }
    await library.bodies.flush()
    expect(await library.store.db.selectFrom('turns').selectAll().execute()).toEqual([])
    expect(library.bodies.stats().storedBytes).toBe(0)
    scanFiles()
  })

  test('rules that change in the middle of a session hold for everything from then on', async () => {
    library = await open()
    converse({ content: 'full' })
    for (const { exchangeId, ...reference } of converse(MASKED, 'later')) {
      const read = await library.bodies.read({ ...reference, exchangeId }, 'client_request')
      if (read.state !== 'readable') throw new Error(read.state)
      expectNoCanary(read.content, exchangeId)
    }
  })

  function scanFiles(): void {
    if (name !== 'SQLite') return
    for (const file of filesIn(library.folder)) expectNoCanary(readFileSync(file), file)
  }
})

const DAY = Date.UTC(2026, 10, 23)
const SEARCH = { workspaceIds: ['ws_a'], since: 0, until: DAY + 86_400_000, limit: 10, timeoutMs: 60_000 }

/** In letters of any size, and also where an index would have cut it. */
function expectNoCanary(bytes: Buffer, where: string): void {
  const text = bytes.toString('latin1').toLowerCase()
  expect([text.includes('canarybird'), text.includes('project-canary'), text.includes('4711')], where).toEqual([
    false,
    false,
    false,
  ])
}

/** An answer in pieces that a secret is spread over. */
function streamOf(pieces: readonly string[]): Buffer {
  const events = pieces.map((text) => {
    const data = JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
    return `event: content_block_delta\ndata: ${data}\n\n`
  })
  return Buffer.from(events.join(''))
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

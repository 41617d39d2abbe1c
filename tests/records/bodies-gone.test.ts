import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { afterEach, describe, expect, test } from 'vitest'
import type { BodyReference } from '../../src/records/bodies/body-reader.ts'
import type { Bodies } from '../../src/records/bodies/create-transcripts.ts'
import { begin, hand, referenceOf } from './hand.ts'
import { addRow, libraries, type Library } from './keep-bodies.ts'
import { ENVELOPE } from './envelope.ts'

const DAY_MS = 86_400_000
const SHELF = '30d-20261123'

describe.each(libraries)('content that goes, on $name', ({ name, open }) => {
  let library: Library

  afterEach(() => library.close())

  const request = (text: string) => Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: text }] }))

  /** An exchange with its row. */
  async function keep(
    id: string,
    more: { scope?: string; workspaceId?: string; text?: string } = {},
  ): Promise<BodyReference> {
    const { scope = 'ses_1', workspaceId = 'ws_a', text = id } = more
    const reference = hand(library.bodies, {
      id,
      request: request(text),
      response: Buffer.from('answer'),
      scope,
      workspaceId,
    })
    await addRow(library.store, reference, {
      session_key: scope.startsWith('ses_') ? scope : null,
      key_id: scope.replace('key_', ''),
      user_id: 'user_1',
      received_at: library.clock.now(),
    })
    await library.bodies.flush()
    return reference
  }

  async function stateOf(reference: BodyReference, bodies: Bodies = library.bodies): Promise<string> {
    const [read, listed] = [await bodies.read(reference, 'client_request'), await bodies.list(reference)]
    expect(listed.state).toBe(read.state)
    return read.state
  }

  test('a session that is deleted is told as such, and what comes after it is kept', async () => {
    library = await open()
    const [first, second] = [await keep('req_1'), await keep('req_2')]
    const other = await keep('req_3', { scope: 'ses_2' })
    const handed = { id: 'req_4', request: request('running') }
    const running = begin(library.bodies, handed)
    await addRow(library.store, referenceOf(handed, running))
    await library.bodies.deleteScope('ws_a', 'ses_1', [SHELF])
    running.response(Buffer.from('what was asked before the deletion'))
    running.end(ENVELOPE)
    for (const gone of [first, second, referenceOf(handed, running)]) expect(await stateOf(gone)).toBe('deleted')
    expect(await stateOf(other)).toBe('readable')
    library.clock.advance(1000)
    expect(await stateOf(await keep('req_5'))).toBe('readable')
    // What a crash takes afterwards was not deleted by anybody.
    const crashed = { ...first, exchangeId: 'req_6' }
    await addRow(library.store, crashed, { received_at: library.clock.now() })
    expect(await stateOf(crashed)).toBe('lost')
    const titles = await library.store.db
      .selectFrom('turns')
      .select('preview')
      .where('id', 'in', ['req_1', 'req_2'])
      .execute()
    expect(titles).toEqual([{ preview: null }, { preview: null }])
  })

  test('a session that is deleted while it runs into another day loses what it has begun there too', async () => {
    library = await open()
    const first = await keep('req_1')
    library.clock.advance(DAY_MS)
    const handed = { id: 'req_2', request: request('after midnight'), receivedAt: library.clock.now() }
    const running = begin(library.bodies, handed)
    const second = referenceOf(handed, running)
    // Its row, which would name the other shelf, comes with its end.
    await library.bodies.deleteScope('ws_a', 'ses_1', [SHELF])
    running.end(ENVELOPE)
    await addRow(library.store, second, { received_at: handed.receivedAt })
    for (const gone of [first, second]) expect(await stateOf(gone)).toBe('deleted')
  })

  test('a hold that ends takes nothing from a session that goes on', async () => {
    library = await open()
    const { bodies, clock, store } = library
    const held = await keep('req_1')
    const hold = { organisation_id: 'organisation', reason: 'a letter of a court', created_by: null, created_at: 0 }
    await store.db
      .insertInto('legal_holds')
      .values({ ...hold, id: 'hold', subject_kind: 'session', subject_id: 'ses_1' })
      .execute()
    clock.advance(32 * DAY_MS)
    await bodies.forgetExpired()
    await store.db.deleteFrom('legal_holds').execute()
    const handed = { id: 'req_2', request: request('a month later'), receivedAt: clock.now() }
    const running = begin(bodies, handed)
    await bodies.forgetExpired()
    expect(await stateOf(held)).toBe('expired')
    running.response(Buffer.from('still'))
    running.end(ENVELOPE)
    expect(await bodies.read(referenceOf(handed, running), 'response')).toMatchObject({ state: 'readable' })
  })

  test('exchanges without a session are deleted by their key', async () => {
    library = await open()
    const reference = await keep('req_1', { scope: 'key_abc' })
    await library.bodies.deleteScope('ws_a', 'key_abc', [SHELF])
    expect(await stateOf(reference)).toBe('deleted')
  })

  test('one exchange is deleted, and the turns that have parts of it are still whole', async () => {
    library = await open()
    const first = await keep('req_1', { text: 'a long beginning that stays '.repeat(50) })
    const second = await keep('req_2', { text: `${'a long beginning that stays '.repeat(50)} and goes on` })
    await library.bodies.deleteExchange(first)
    expect(await stateOf(first)).toBe('deleted')
    expect(await library.bodies.read(first, 'response')).toEqual({ state: 'deleted' })
    expect(await stateOf(second)).toBe('readable')
  })

  test('of an exchange that is deleted no byte stays that no other has a part of', async () => {
    library = await open()
    const { bodies, store } = library
    const long = 'a beginning that the next turn repeats '.repeat(100)
    const first = await keep('req_1', { text: long })
    const count = async () => {
      if (name !== 'SQLite') {
        const { rows } = await sql<{
          count: unknown
        }>`select count(*) as count from bodies_30d_20261123_segments`.execute(store.db)
        return Number(rows[0]!.count)
      }
      const file = new DatabaseSync(join(library.folder, 'bodies', `${SHELF}.db`))
      const row = file.prepare('select count(*) as count from segments').get()
      file.close()
      return Number(row!['count'])
    }
    const before = await count()
    const second = await keep('req_2', { text: `${long} and a password` })
    await bodies.deleteExchange(second)
    expect(await count()).toBe(before)
    // The next one says the same, and may not point to what has gone.
    const third = await keep('req_3', { text: `${long} and a password` })
    await bodies.deleteExchange(first)
    expect(await stateOf(third)).toBe('readable')
    await bodies.deleteExchange(third)
    expect(await count()).toBe(0)
  })

  test('a workspace whose key is destroyed has nothing that can be read, and begins anew', async () => {
    library = await open()
    const mine = await keep('req_1')
    const theirs = await keep('req_2', { workspaceId: 'ws_b', scope: 'ses_2' })
    await library.bodies.shred('ws_a')
    expect(await stateOf(mine)).toBe('deleted')
    expect(await stateOf(theirs)).toBe('readable')
    expect(await stateOf(await keep('req_3'))).toBe('readable')
    const other = await library.open()
    expect(await stateOf(mine, other)).toBe('deleted')
    await other.close()
    const keys = await library.store.db.selectFrom('body_keys').selectAll().where('workspace_id', '=', 'ws_a').execute()
    expect(keys.filter((key) => key.sealed_key === null)).toHaveLength(1)
    expect(keys.filter((key) => key.sealed_key !== null)).toHaveLength(1)
  })

  test('what was said of deleted content goes with it, also where that was not written yet', async () => {
    library = await open()
    const { bodies, store, clock } = library
    const remove = [
      (reference: BodyReference) => bodies.deleteExchange(reference),
      () => bodies.deleteScope('ws_a', 'ses_1', [SHELF]),
      () => bodies.shred('ws_a'),
    ]
    for (const [index, act] of remove.entries()) {
      const handed = { id: `req_${index}`, request: request(`canary ${index}`), response: Buffer.from('answer') }
      const reference = hand(bodies, handed)
      await act(reference)
      // Only now its session is there, and could be given a name.
      await addRow(store, reference)
      await bodies.flush()
      clock.advance(1_000)
      await bodies.flush()
    }
    const turns = await store.db.selectFrom('turns').select('preview').execute()
    expect(turns).toEqual([{ preview: null }, { preview: null }, { preview: null }])
    expect(await store.db.selectFrom('sessions').select('title').execute()).toEqual([{ title: null }])
  })

  test('a session may be deleted while it goes on: what comes then is there or gone, and never half of it', async () => {
    library = await open()
    const { bodies } = library
    const references: BodyReference[] = []
    const deletions: Promise<void>[] = []
    for (let turn = 0; turn < 120; turn++) {
      references.push(
        hand(bodies, {
          id: `req_${turn}`,
          request: request(`turn ${turn} `.repeat(2_000)),
          response: Buffer.from('y'),
        }),
      )
      if (turn % 10 === 5) deletions.push(bodies.deleteScope('ws_a', 'ses_1', [SHELF]))
      if (turn % 4 === 3) await new Promise(setImmediate)
    }
    await Promise.all(deletions)
    const states = await Promise.all(references.map(async (each) => (await bodies.read(each, 'client_request')).state))
    expect(new Set(states)).toEqual(new Set(['lost', 'readable']))
    expect(bodies.stats().lost).toBe(0)
  })

  test('what another process deletes of a session costs the next of it, and what comes after that is kept', async () => {
    library = await open()
    const other = await library.open()
    try {
      const first = hand(other, { id: 'req_1', request: request('one') })
      await other.flush()
      await library.bodies.deleteScope('ws_a', 'ses_1', [SHELF])
      const second = hand(other, { id: 'req_2', request: request('one and two') })
      await other.flush()
      const third = hand(other, { id: 'req_3', request: request('one and two and three') })
      expect(await stateOf(first, other)).toBe('lost')
      expect(await stateOf(second, other)).toBe('lost')
      expect(await stateOf(third, other)).toBe('readable')
      expect(other.stats()).toMatchObject({ kept: 4, lost: 2 })
    } finally {
      await other.close()
    }
  })

  test('the words of a workspace go with its key, those of others stay', async () => {
    library = await open()
    const { bodies, store } = library
    const rules = { searchable: true }
    hand(bodies, { id: 'req_1', request: request('zebracanary'), rules })
    hand(bodies, { id: 'req_2', request: request('lionstays'), rules, workspaceId: 'ws_b', scope: 'ses_2' })
    await bodies.flush()
    await bodies.shred('ws_a')
    let index = ''
    if (name === 'SQLite') {
      for (const file of readdirSync(join(library.folder, 'bodies')))
        index += readFileSync(join(library.folder, 'bodies', file), 'latin1')
    } else {
      const rows = await sql<{ words: string }>`select words::text as words from bodies_30d_20261123_words`.execute(
        store.db,
      )
      index = rows.rows.map(({ words }) => words).join(' ')
    }
    expect([index.includes('zebracanary'), index.includes('lionstays')]).toEqual([false, true])
  })

  test('another master key opens nothing', async () => {
    library = await open()
    const reference = await keep('req_1')
    const other = await library.open({ sealing: Buffer.alloc(32, 8) })
    await expect(other.read(reference, 'client_request')).rejects.toThrow('another master key')
    await other.close()
  })

  test('content is there to its last day and gone after it, with everything that was said of it', async () => {
    library = await open()
    const reference = await keep('req_1')
    library.clock.advance(31 * DAY_MS - 1)
    await library.bodies.forgetExpired()
    expect(await stateOf(reference)).toBe('readable')
    library.clock.advance(120_000)
    await library.bodies.forgetExpired()
    expect(await stateOf(reference)).toBe('expired')
    if (name === 'SQLite') expect(existsSync(join(library.folder, 'bodies', `${SHELF}.db`))).toBe(false)
    const turn = await library.store.db
      .selectFrom('turns')
      .selectAll()
      .where('id', '=', 'req_1')
      .executeTakeFirstOrThrow()
    expect([turn.preview, turn.title]).toEqual([null, null])
    expect(turn.fresh_bytes).toBeGreaterThan(0)
  })

  test.each([
    ['session', 'ses_1'],
    ['user', 'user_1'],
    ['workspace', 'ws_a'],
  ])('what is under a legal hold of its %s stays until the hold ends', async (kind, subject) => {
    library = await open()
    const held = await keep('req_1')
    const other = await keep('req_2', { scope: 'ses_2', workspaceId: 'ws_b' })
    await library.store.db.updateTable('exchanges').set({ user_id: 'user_2' }).where('id', '=', 'req_2').execute()
    await library.store.db.updateTable('sessions').set({ user_id: 'user_2' }).where('id', '=', 'ses_2').execute()
    await library.store.db
      .insertInto('legal_holds')
      .values({
        id: 'hold',
        organisation_id: 'organisation',
        subject_kind: kind,
        subject_id: subject,
        reason: 'a letter of a court',
        created_by: null,
        created_at: 0,
      })
      .execute()
    library.clock.advance(32 * DAY_MS)
    await library.bodies.forgetExpired()
    expect(await stateOf(held)).toBe('readable')
    expect(await stateOf(other)).toBe('expired')
    await library.store.db.deleteFrom('legal_holds').execute()
    library.clock.advance(DAY_MS)
    await library.bodies.forgetExpired()
    expect(await stateOf(held)).toBe('expired')
  })
})

import { existsSync } from 'node:fs'
import { join } from 'node:path'
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
    const titles = await library.store.db
      .selectFrom('turns')
      .select('preview')
      .where('id', 'in', ['req_1', 'req_2'])
      .execute()
    expect(titles).toEqual([{ preview: null }, { preview: null }])
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

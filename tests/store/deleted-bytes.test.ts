import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore, type Store } from '../../src/store/database.ts'
import {
  addTurns,
  forgetExchangeContent,
  forgetSessionContent,
  forgetShelfContent,
  forgetWorkspaceContent,
  nameSession,
} from '../../src/store/turn-content.ts'
import { exchangeRow } from './rows.ts'

const SHELF = '30d-20261123'
const CANARY = 'the canary that was typed '.repeat(8)

let folder: string
let store: Store
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-deleted-'))
  store = await openStore({ file: join(folder, 'portcullis.db') })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

it.each([
  ['a request', (db: Store['db']) => forgetExchangeContent(db, 'req_1')],
  ['a session', (db: Store['db']) => forgetSessionContent(db, 'ses_1', [SHELF])],
  ['a workspace', (db: Store['db']) => forgetWorkspaceContent(db, 'workspace')],
  ['a shelf', (db: Store['db']) => forgetShelfContent(db, SHELF, [])],
])('no file of the store holds the preview and the title of %s any more', async (_what, forget) => {
  const row = exchangeRow({ id: 'req_1', session_key: 'ses_1', shelf: SHELF })
  await store.insertMany('exchanges', [row])
  // Others on the same page, so that what becomes free is not written on at once.
  await addTurns(store.db, [turn('req_0', 'ses_0', 'a'.repeat(200)), turn('req_1', 'ses_1', CANARY)])
  await addTurns(store.db, [turn('req_2', 'ses_2', 'c'.repeat(200))])
  expect(await nameSession(store.db, { id: 'ses_1', title: CANARY, isFallback: true })).toBe(true)
  expect(holders()).not.toEqual([])
  await forget(store.db)
  expect(holders()).toEqual([])
})

function turn(id: string, session: string, said: string) {
  return {
    id,
    session_key: session,
    received_at: 1_000,
    shelf: session === 'ses_1' ? SHELF : '30d-20261124',
    fresh_bytes: 1,
    messages: 1,
    first_changed_message: null,
    tools_hash: null,
    system_hash: null,
    preview: said,
    title: said,
    tools_called: '[]',
  }
}

/** The files in which it stands, whether a query would find it there or not. */
function holders(): string[] {
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes('the canary'))
}

import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Readable } from 'node:stream'
import type { Worker } from 'node:worker_threads'
import { CompiledQuery } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStore } from '../../src/store/database.ts'
import { startSqlite } from '../../src/store/sqlite.ts'

/* What only a database in a file of our own can do wrong. */

let folder: string
let file: string
const children: ChildProcessByStdio<null, Readable, null>[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-sqlite-'))
  file = join(folder, 'data', 'portcullis.db')
})

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  await rm(folder, { recursive: true, force: true })
})

describe('one data folder, one gateway', () => {
  test('a second gateway is refused with a sentence that says what to do', async () => {
    const { says } = await holdInAnotherProcess()
    expect(says).toBe('open')
    await expect(openStore({ file })).rejects.toThrow(/Another gateway already uses .* Stop it first/)
  })

  test('a gateway that was killed leaves no lock behind', async () => {
    const { child } = await holdInAnotherProcess()
    await kill(child)
    const store = await openStore({ file })
    const { says } = await holdInAnotherProcess()
    expect(says).toMatch(/^refused: Another gateway/)
    await store.close()
  })

  test('a second store in the same process is refused, and the first one keeps its lock', async () => {
    const store = await openStore({ file })
    await expect(openStore({ file })).rejects.toThrow(/Another gateway/)
    const { says } = await holdInAnotherProcess()
    expect(says).toMatch(/^refused: Another gateway/)
    await store.close()
  })
})

test('a database that cannot be opened is refused with its path and the setting that leads to it', async () => {
  await writeFile(join(folder, 'data'), '')
  await expect(openStore({ file })).rejects.toThrow(`Cannot open ${file}: EEXIST`)
  await rm(join(folder, 'data'))
  await mkdir(join(folder, 'data'))
  await writeFile(file, 'no database, whatever its name says')
  await expect(openStore({ file })).rejects.toThrow(/: file is not a database\. PORTCULLIS_DATA names its folder/)
})

test('nobody else on the machine may read what the store writes', async () => {
  const store = await openStore({ file })
  await store.db.insertInto('settings').values({ name: 'a', value: 'b' }).execute()
  const names = await readdir(join(folder, 'data'))
  expect(names.length).toBeGreaterThan(2)
  for (const name of names) expect([name, (await stat(join(folder, 'data', name))).mode & 0o077]).toEqual([name, 0])
  expect((await stat(join(folder, 'data'))).mode & 0o077).toBe(0)
  await store.close()
})

test('a database that a newer version has changed is refused and left as it is', async () => {
  const store = await openStore({ file })
  await store.close()
  const database = new DatabaseSync(file)
  database.exec(`insert into schema_migrations (name, timestamp) values ('9999-from-the-future', '2030-01-01')`)
  database.close()
  await expect(openStore({ file })).rejects.toThrow(/newer version of Portcullis \(9999-from-the-future\)/)
  await expect(openStore({ file })).rejects.toThrow(/newer version/)
})

test('a file that is no database is refused with the reason', async () => {
  const other = join(folder, 'notes.txt')
  await writeFile(other, 'This is not a database, and it is long enough to be mistaken for one.'.repeat(100))
  await expect(openStore({ file: other })).rejects.toThrow(/not a database/)
})

test('a commit is on the disk before it is reported', async () => {
  const store = await openStore({ file })
  const { rows } = await store.db.executeQuery<{ synchronous: number }>(CompiledQuery.raw('pragma synchronous'))
  const journal = await store.db.executeQuery<{ journal_mode: string }>(CompiledQuery.raw('pragma journal_mode'))
  const keys = await store.db.executeQuery<{ foreign_keys: number }>(CompiledQuery.raw('pragma foreign_keys'))
  expect([rows[0]?.synchronous, journal.rows[0]?.journal_mode, keys.rows[0]?.foreign_keys]).toEqual([2, 'wal', 1])
  await store.close()
})

test('a value that no column can hold fails its own query only', async () => {
  const thread = await startSqlite(file)
  await expect(thread.query('select ?', [(() => 1) as unknown as string])).rejects.toThrow(/could not be cloned/)
  await expect(thread.query('select ?', [{} as unknown as string])).rejects.toThrow(/no column can hold/)
  expect((await thread.query('select 1 as one', [])).rows).toEqual([{ one: 1 }])
  await thread.close()
})

test('an integer that would lose digits is refused rather than rounded', async () => {
  const thread = await startSqlite(file)
  await expect(thread.query('select 9007199254740993 as bytes', [])).rejects.toThrow()
  await expect(thread.query('select 9007199254740993 as bytes, 1 as cost_nanos', [])).rejects.toThrow(
    /bytes passes 2\^53/,
  )
  expect((await thread.query('select 9007199254740993 as cost_nanos', [])).rows).toEqual([
    { cost_nanos: 9_007_199_254_740_993n },
  ])
  await thread.close()
})

test('more different queries than are kept prepared all work', async () => {
  const thread = await startSqlite(file)
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(
      Array.from({ length: 600 }, (_, index) => thread.query(`select ${index} as number`, [])),
    )
    expect(answers.map(({ rows }) => rows[0]?.['number'])).toEqual(Array.from({ length: 600 }, (_, index) => index))
  }
  await thread.close()
})

test('every query that waits hears of it when the database thread dies', async () => {
  const started = once(process, 'worker') as Promise<[Worker]>
  const thread = await startSqlite(file)
  const [worker] = await started
  const waiting = [
    thread.query('select 1', []),
    thread.writeBatch({ table: 'exchanges', columns: ['id'], rows: '[[1]]' }),
  ]
  await worker.terminate()
  for (const query of waiting) await expect(query).rejects.toMatchObject({ fault: 'gone' })
  await expect(thread.query('select 1', [])).rejects.toMatchObject({ fault: 'gone' })
})

async function holdInAnotherProcess(): Promise<{ child: ChildProcessByStdio<null, Readable, null>; says: string }> {
  const script = new URL('./hold-store.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  children.push(child)
  const [first] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, says: first.toString().trim() }
}

async function kill(child: ChildProcessByStdio<null, Readable, null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

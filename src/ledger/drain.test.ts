import { beforeEach, expect, test, vi } from 'vitest'
import { createManualClock, type ManualClock } from '../testing/clock.ts'
import { createDrain, type Drain, type DrainParts, type Entry } from './drain.ts'
import type { Log } from './journal.ts'
import type { Line, Row } from './journal-line.ts'

let clock: ManualClock
/** Batches in the order in which the store took them. */
let batches: string[][]
/** Answers for the store: throws what it cannot take. */
let accept: (rows: readonly Row[]) => void | Promise<void>
let released: number[]
let setAside: string[]
let journalFiles: Map<number, Line[]>

beforeEach(() => {
  clock = createManualClock()
  batches = []
  accept = () => {}
  released = []
  setAside = []
  journalFiles = new Map()
})

function drain(change: Partial<DrainParts> = {}): Drain {
  return createDrain({
    table: 'ledger_calls',
    sink: {
      async insertMany(_, rows) {
        await accept(rows as Row[])
        batches.push((rows as Row[]).map((row) => row.id))
      },
    },
    journal: {
      read: (file) => journalFiles.get(file)!,
      retain() {},
      release: (file) => void released.push(file),
      setAside: (row) => void setAside.push(row.id),
    },
    clock,
    log: { info() {}, warn() {}, error() {} },
    ...change,
  })
}

function entry(id: string, files: number[] = []): Entry {
  return { row: { id, cost_nanos: 1n }, files, journalled: files.length > 0, stored: false }
}

/** Lets the store answer and time pass until nothing more happens. */
async function pass(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 5) {
    clock.advance(5)
    await new Promise(setImmediate)
  }
}

test('rows of a tenth of a second go to the store in one batch, and their journal files are released', async () => {
  const calls = drain()
  calls.push(entry('a', [1, 2]))
  await pass(95)
  calls.push(entry('b', [2]))
  expect(batches).toEqual([])
  await pass(5)
  expect(batches).toEqual([['a', 'b']])
  expect(released).toEqual([1, 2, 2])
  expect(calls.stats()).toMatchObject({ pending: 0, written: 2, lastError: undefined })
})

test('a full batch does not wait for the clock', async () => {
  const calls = drain()
  for (let n = 0; n < 1_100; n++) calls.push(entry(`${n}`))
  await new Promise(setImmediate)
  expect(batches.map((batch) => batch.length)).toEqual([500, 500])
  await pass(100)
  expect(batches.flat()).toEqual(Array.from({ length: 1_100 }, (_, n) => `${n}`))
})

test('flush waits for the rows pushed before it, and not for those after', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const calls = drain()
  calls.push(entry('a'))
  let turn = 0
  accept = () => (turn++ === 1 ? promise : undefined)
  const flushed = calls.flush()
  calls.push(entry('b'))
  await flushed
  expect(batches).toEqual([['a']])
  await pass(20)
  expect(calls.stats().pending).toBe(1)
  resolve()
  await calls.flush()
  expect(batches).toEqual([['a'], ['b']])
})

test('while the store is away rows wait, the pauses grow, and nothing is lost', async () => {
  let tries = 0
  accept = () => {
    tries++
    throw new Error('database is locked')
  }
  const calls = drain()
  calls.push(entry('a', [1]))
  await pass(60_000)
  expect(tries).toBeGreaterThan(10)
  expect(tries).toBeLessThan(25)
  expect(calls.stats()).toMatchObject({
    pending: 1,
    written: 0,
    dropped: 0,
    refused: 0,
    lastError: 'database is locked',
  })
  expect(released).toEqual([])
  accept = () => {}
  await calls.flush()
  expect(batches).toEqual([['a']])
  expect(calls.stats()).toMatchObject({ pending: 0, lastError: undefined })
})

test('flush tells the error of a store that takes nothing, and keeps the rows', async () => {
  accept = () => {
    throw new Error('disk I/O error')
  }
  const calls = drain()
  for (const id of ['a', 'b', 'c']) calls.push(entry(id))
  await expect(calls.flush()).rejects.toThrow('disk I/O error')
  expect(calls.stats().pending).toBe(3)
})

test('a row that the store will never take is set aside, and holds up no other', async () => {
  accept = (rows) => {
    if (rows.some((row) => row.id.startsWith('bad'))) throw new Error('constraint failed')
  }
  const calls = drain()
  const ids = Array.from({ length: 1_000 }, (_, n) => (n % 400 === 7 ? `bad ${n}` : `${n}`))
  for (const id of ids) calls.push(entry(id, [1]))
  for (let n = 0; n < 20; n++) {
    await pass(1_000)
    calls.push(entry(`later ${n}`, [1]))
  }
  await pass(1_000)
  expect(setAside.toSorted()).toEqual(['bad 407', 'bad 7', 'bad 807'])
  expect(batches.flat().toSorted()).toEqual(
    [...ids.filter((id) => !id.startsWith('bad')), ...Array.from({ length: 20 }, (_, n) => `later ${n}`)].toSorted(),
  )
  expect(released).toHaveLength(1_020)
  expect(calls.stats()).toMatchObject({ pending: 0, refused: 3, dropped: 0 })
})

test('rows over the bound of memory are read back from the journal when the store takes rows again', async () => {
  accept = () => {
    throw new Error('away')
  }
  const calls = drain({ pendingMax: 2 })
  const written: Line[] = []
  journalFiles.set(7, written)
  for (const id of ['a', 'b', 'c', 'd']) {
    const one = entry(id, [3, 7])
    written.push({ kind: 'open', row: one.row }, { kind: 'close', row: one.row }, { kind: 'exchange', row: one.row })
    expect(calls.push(one)).toBe(true)
  }
  expect(calls.stats()).toMatchObject({ pending: 2, leftInJournal: 4, dropped: 0 })
  accept = () => {}
  await calls.flush()
  expect(new Set(batches.flat())).toEqual(new Set(['a', 'b', 'c', 'd']))
  expect(released.filter((file) => file === 3)).toHaveLength(4)
  expect(calls.stats()).toMatchObject({ pending: 0, leftInJournal: 0 })
})

test('a row over the bound that the journal does not have is dropped and counted, unless it must not be', async () => {
  const calls = drain({ pendingMax: 1 })
  expect(calls.push(entry('a'))).toBe(true)
  expect(calls.push(entry('b'))).toBe(false)
  calls.pushAlways(entry('c'))
  await pass(100)
  expect(batches).toEqual([['a', 'c']])
  expect(calls.stats().dropped).toBe(1)
})

test('a journal file that cannot be read back is left for the next start', async () => {
  const error = vi.fn<Log['error']>()
  const calls = drain({
    pendingMax: 0,
    log: { info() {}, warn() {}, error },
    journal: {
      read() {
        throw new Error('gone')
      },
      retain() {},
      release: (file) => void released.push(file),
      setAside() {},
    },
  })
  calls.push(entry('a', [1]))
  await calls.flush()
  expect(error).toHaveBeenCalled()
  expect(released).toEqual([])
})

test('after stop nothing more is written', async () => {
  const calls = drain()
  calls.push(entry('a'))
  await calls.stop()
  await pass(100)
  expect(batches).toEqual([])
})

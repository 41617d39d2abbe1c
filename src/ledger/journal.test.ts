import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createManualClock } from '../testing/clock.ts'
import { openJournal, type Journal, type JournalOptions, type Log } from './journal.ts'
import type { Row } from './journal-line.ts'

let folder: string
let opened: Journal[]
const clock = createManualClock()
const log = { info() {}, warn() {}, error() {} }

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'journal-'))
  opened = []
})

afterEach(async () => {
  vi.restoreAllMocks()
  for (const journal of opened) await journal.close().catch(() => undefined)
  fs.rmSync(folder, { recursive: true })
})

function open(options: Partial<JournalOptions> = {}): Journal {
  const journal = openJournal({ folder, clock, log, ...options })
  opened.push(journal)
  return journal
}

function row(id: string): Row {
  return { id, cost_nanos: 1n }
}

function names(): string[] {
  return fs.readdirSync(folder).toSorted()
}

/** The ids of all lines that a next process would find. */
function survivors(): string[] {
  const journal = open()
  return journal.inherited.flatMap(({ file }) => [...journal.read(file)].map((line) => line.row.id))
}

/** Writes to the file system, but only `room` bytes more. */
function fullDisk(room: number): NonNullable<JournalOptions['write']> {
  let left = room
  return (descriptor, bytes, length) => {
    if (left === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const written = fs.writeSync(descriptor, bytes, 0, Math.min(left, length))
    left -= written
    return written
  }
}

test('a line is there for the next process at once, without any sync or close', () => {
  open().append('open', row('call_1'))
  expect(survivors()).toEqual(['call_1'])
})

test('lines are on the disk 25 ms after the first of them, in one sync', () => {
  const sync = vi.spyOn(fs, 'fdatasync')
  const journal = open()
  journal.append('open', row('call_1'))
  clock.advance(20)
  journal.append('open', row('call_2'))
  expect(sync).not.toHaveBeenCalled()
  clock.advance(5)
  expect(sync).toHaveBeenCalledTimes(1)
})

test('a line that came during a sync is in the next one', async () => {
  const answers: ((error: null) => void)[] = []
  vi.spyOn(fs, 'fdatasync').mockImplementation((_, done) => void answers.push(done))
  const journal = open()
  journal.append('open', row('call_1'))
  clock.advance(25)
  journal.append('open', row('call_2'))
  clock.advance(40)
  answers[0]!(null)
  await vi.waitFor(() => {
    clock.advance(0)
    expect(answers).toHaveLength(2)
  })
  answers[1]!(null)
})

test('a sync that fails is counted and told, and harms nobody', async () => {
  vi.spyOn(fs, 'fdatasync').mockImplementation((_, done) => done(new Error('input/output error')))
  const error = vi.fn<Log['error']>()
  const journal = open({ log: { ...log, error } })
  journal.append('open', row('call_1'))
  clock.advance(25)
  await vi.waitFor(() => expect(error).toHaveBeenCalled())
  expect(journal.stats().syncFailures).toBe(1)
  journal.append('open', row('call_2'))
})

test('a line that did not fit is refused, does not come back, and spoils none that follow', () => {
  const wholeLine = fs.statSync(path.join(folder, lineFile())).size
  for (let room = 0; room < wholeLine; room++) {
    let write = fullDisk(wholeLine + room)
    const journal = open({ write: (...args) => write(...args) })
    journal.append('open', row('call_1'))
    expect(() => journal.append('open', row('call_2'))).toThrow(/disk|space/)
    expect(journal.stats().appendFailures).toBe(1)
    write = fullDisk(Infinity)
    journal.append('open', row('call_3'))
    expect(survivors().slice(-2)).toEqual(['call_1', 'call_3'])
  }
})

/** Leaves a file that holds one line, and names it. */
function lineFile(): string {
  open().append('open', row('call_0'))
  return names().at(-1)!
}

test('a file that is full is followed by another, and goes when nothing in it is needed', async () => {
  const journal = open({ fileBytesMax: 1 })
  const first = journal.append('open', row('call_1'))
  const second = journal.append('close', row('call_1'))
  expect(second).toBe(first + 1)
  journal.release(second)
  journal.append('open', row('call_2'))
  expect(names()).toHaveLength(3)
  journal.release(first)
  await vi.waitFor(() => expect(names()).toEqual(['0000000003.log']))
})

test('a newer file stays as long as an older one, so that no end is forgotten before its beginning', async () => {
  const journal = open({ fileBytesMax: 1 })
  const first = journal.append('open', row('call_1'))
  const second = journal.append('open', row('call_2'))
  journal.append('open', row('call_3'))
  journal.release(second)
  await journal.close()
  expect(names()).toEqual(['0000000001.log', '0000000002.log', '0000000003.log'])
  expect(first).toBe(1)
})

test('after a clean end, with everything released, no file is left', async () => {
  const journal = open()
  const file = journal.append('open', row('call_1'))
  journal.release(file)
  await journal.close()
  expect(names()).toEqual([])
})

test('files of an earlier process are found in their order, never written to, and stay until they are released', async () => {
  open({ fileBytesMax: 1 }).append('open', row('call_1'))
  open().append('open', row('call_2'))
  const journal = open()
  journal.append('open', row('call_3'))
  expect(journal.inherited.map(({ file }) => [...journal.read(file)].map((line) => line.row.id))).toEqual([
    ['call_1'],
    ['call_2'],
  ])
  for (const { file } of journal.inherited) journal.release(file)
  await vi.waitFor(() => expect(names()).toEqual(['0000000003.log']))
})

test('when no further file can be made, the full one is written on', () => {
  const journal = open({ fileBytesMax: 1 })
  const file = journal.append('open', row('call_1'))
  vi.spyOn(fs, 'openSync').mockImplementation(() => {
    throw new Error('too many open files')
  })
  expect(journal.append('open', row('call_2'))).toBe(file)
})

test('only this user may read the journal', () => {
  open().append('open', row('call_1'))
  expect(fs.statSync(path.join(folder, names()[0]!)).mode & 0o077).toBe(0)
})

test('a line that comes in the middle of the last sync leaves no sync behind for a closed file', async () => {
  const alone = createManualClock()
  const journal = open({ clock: alone })
  journal.append('open', row('call_1'))
  alone.advance(25)
  journal.append('open', row('call_2'))
  await journal.close()
  expect(alone.waiting).toBe(0)
  expect(journal.stats().syncFailures).toBe(0)
})

test('a journal that is closed takes no more lines', async () => {
  const journal = open()
  await journal.close()
  expect(() => journal.append('open', row('call_1'))).toThrow('fd')
})

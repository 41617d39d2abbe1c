import { beforeEach, expect, test, vi } from 'vitest'
import { asId } from '../core/ids.ts'
import { createManualClock, type ManualClock } from '../testing/clock.ts'
import { sampleClosing, sampleOpening } from '../testing/sample-calls.ts'
import type { Entry } from './drain.ts'
import type { Log } from './journal.ts'
import type { LineKind } from './journal-line.ts'
import { createJournalLedger, type JournalLedger } from './journal-ledger.ts'

let clock: ManualClock
let ledger: JournalLedger
let lines: { kind: LineKind; id: string; file: number }[]
let released: number[]
let pushed: Entry[]
let diskFull: boolean
let file: number

const error = vi.fn<Log['error']>()

beforeEach(() => {
  clock = createManualClock()
  lines = []
  released = []
  pushed = []
  diskFull = false
  file = 1
  error.mockReset()
  const push = (entry: Entry) => pushed.push(entry) > 0
  ledger = createJournalLedger({
    clock,
    log: { info() {}, warn() {}, error },
    journal: {
      append(kind, row) {
        if (diskFull) throw new Error('no space left on device')
        lines.push({ kind, id: row.id, file })
        return file
      },
      release: (one) => void released.push(one),
    },
    drain: { push, pushAlways: push },
  })
})

test('a call is entered before it is made and again when it ends', () => {
  ledger.open(sampleOpening('call_1'))
  expect(ledger.stats().openCalls).toBe(1)
  file = 2
  ledger.close(asId('call_1'), sampleClosing())
  expect(lines).toEqual([
    { kind: 'open', id: 'call_1', file: 1 },
    { kind: 'close', id: 'call_1', file: 2 },
  ])
  expect(pushed).toMatchObject([{ row: { id: 'call_1', cost_nanos: 750_000n }, files: [1, 2], journalled: true }])
  expect(ledger.stats()).toEqual({ openCalls: 0, lateClosings: 0 })
})

test('a call that cannot be entered is refused, and leaves no trace', () => {
  diskFull = true
  expect(() => ledger.open(sampleOpening('call_1'))).toThrowError(
    expect.objectContaining({ code: 'gateway.ledger_unavailable' }),
  )
  expect(ledger.stats().openCalls).toBe(0)
  expect(pushed).toEqual([])
})

test('an end that the journal cannot take goes to the store all the same, and into the journal as soon as there is room', () => {
  ledger.open(sampleOpening('call_1'))
  diskFull = true
  ledger.close(asId('call_1'), sampleClosing())
  expect(pushed).toMatchObject([{ row: { id: 'call_1' }, journalled: false }])
  expect(ledger.stats().lateClosings).toBe(1)
  clock.advance(1_000)
  expect(lines).toHaveLength(1)
  diskFull = false
  clock.advance(250)
  expect(lines).toMatchObject([{ kind: 'open' }, { kind: 'close', id: 'call_1' }])
  expect(ledger.stats().lateClosings).toBe(0)
  expect(clock.waiting).toBe(0)
})

test('an end that is in the store needs no line in the journal any more', () => {
  ledger.open(sampleOpening('call_1'))
  diskFull = true
  ledger.close(asId('call_1'), sampleClosing())
  pushed[0]!.stored = true
  diskFull = false
  clock.advance(250)
  expect(lines).toHaveLength(1)
  expect(ledger.stats().lateClosings).toBe(0)
})

test('the second end of a call changes nothing and is told to the operator', () => {
  ledger.open(sampleOpening('call_1'))
  ledger.close(asId('call_1'), sampleClosing())
  ledger.close(asId('call_1'), sampleClosing({ costNanos: 1n }))
  ledger.close(asId('call_never'), sampleClosing())
  expect(pushed).toHaveLength(1)
  expect(error).toHaveBeenCalledTimes(2)
})

test('a call that outlives many journal files is carried to the newest, so that the old ones can go', () => {
  ledger.open(sampleOpening('call_long'))
  for (file = 2; file <= 10; file++) {
    ledger.open(sampleOpening(`call_${file}`))
    ledger.close(asId(`call_${file}`), sampleClosing())
  }
  const carried = lines.filter((line) => line.id === 'call_long')
  expect(carried.map((line) => line.file)).toEqual([1, 6])
  expect(released).toEqual([1])
  ledger.close(asId('call_long'), sampleClosing())
  expect(pushed.at(-1)!.files[0]).toBe(6)
})

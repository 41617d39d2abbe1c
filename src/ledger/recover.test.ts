import { expect, test } from 'vitest'
import { sampleClosing, sampleOpening } from '../testing/sample-calls.ts'
import type { Drain, Entry } from './drain.ts'
import type { Line, Row } from './journal-line.ts'
import { ledgerCallRow, type LedgerCallRow } from './ledger-call-row.ts'
import { recover } from './recover.ts'

test('a call from before calls knew when their exchange was received is filed under its own beginning', async () => {
  const { received_at: _, ...before } = ledgerCallRow(sampleOpening('call_1', { openedAt: 4_000 }), sampleClosing())
  const now = ledgerCallRow(sampleOpening('call_2', { openedAt: 4_000, receivedAt: 3_000 }), sampleClosing())
  const lines = [before, now].map((row): Line => ({ kind: 'close', row: row as Row }))
  const rows: Row[] = []
  const drain: Drain = {
    push: ({ row }: Entry) => rows.push(row) > 0,
    pushAlways: () => undefined,
    flush: async () => undefined,
    stats: () => ({ pending: 0, leftInJournal: 0, written: 0, dropped: 0, refused: 0, lastError: undefined }),
    stop: async () => undefined,
  }
  const exchanges: Drain = { ...drain, push: () => true }
  await recover({
    journal: {
      inherited: [{ file: 1, writtenAt: 9_000 }],
      read: () => lines,
      retain: () => undefined,
      release: () => undefined,
    },
    calls: drain,
    exchanges,
    crashRecord: ([call]) => call as Row,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  })
  expect(rows.map((row) => (row as LedgerCallRow).received_at)).toEqual([4_000, 3_000])
})

import { expect, test, vi } from 'vitest'
import type { Entry } from '../ledger/drain.ts'
import type { Journal } from '../ledger/journal.ts'
import { sampleRecord } from '../testing/sample-calls.ts'
import { createRecorder } from './recorder.ts'

const stats = { files: 1, bytes: 100, appendFailures: 0, syncFailures: 0, tornLines: 0 }

test('a record goes into the journal and on to the store', () => {
  const pushed: Entry[] = []
  const recorder = createRecorder({
    journal: { append: () => 4, stats: () => stats },
    drain: { push: (entry) => pushed.push(entry) > 0 },
  })
  recorder.record(sampleRecord('req_1'))
  expect(pushed).toMatchObject([{ row: { id: 'req_1' }, files: [4], journalled: true }])
})

test('a journal that cannot be written stops no exchange: the record waits in memory for the store', () => {
  const pushed: Entry[] = []
  const recorder = createRecorder({
    journal: {
      append() {
        throw new Error('no space left on device')
      },
      stats: () => stats,
    },
    drain: { push: (entry) => pushed.push(entry) > 0 },
  })
  recorder.record(sampleRecord('req_1'))
  expect(pushed).toMatchObject([{ row: { id: 'req_1' }, files: [], journalled: false }])
})

test('records leave the last part of the journal to the ledger, and dropping one throws nothing', () => {
  const append = vi.fn<Journal['append']>(() => 4)
  const recorder = createRecorder({
    journal: { append, stats: () => stats },
    drain: { push: () => false },
    journalBytesMax: 100,
  })
  recorder.record(sampleRecord('req_1'))
  expect(append).not.toHaveBeenCalled()
})

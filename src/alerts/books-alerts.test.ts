import { expect, test } from 'vitest'
import { createBooksWatch, type BooksHealth } from './books-alerts.ts'

const NONE = { dropped: 0, refused: 0, lastError: undefined }
const WELL: BooksHealth = { journal: { appendFailures: 0, syncFailures: 0 }, calls: NONE, exchanges: NONE }
const STUCK: BooksHealth = { ...WELL, calls: { ...NONE, lastError: 'database or disk is full' } }

test('books that are well say nothing, whatever was counted before', () => {
  const look = createBooksWatch()
  expect(look(WELL, 0)).toBeUndefined()
  const counted = { ...WELL, journal: { appendFailures: 3, syncFailures: 0 } }
  expect(look(counted, 1)).toContain('the journal cannot be written')
  expect(look(counted, 10_000_000)).toBeUndefined()
})

test('a store that fails once is no news, one that fails at two looks is', () => {
  const look = createBooksWatch()
  expect(look(STUCK, 0)).toBeUndefined()
  expect(look(WELL, 1)).toBeUndefined()
  expect(look(STUCK, 2)).toBeUndefined()
  expect(look(STUCK, 3)).toBe('the store takes no rows, which wait in the journal')
})

test('several troubles are told together, and once an hour', () => {
  const look = createBooksWatch()
  const bad = (count: number): BooksHealth => ({
    journal: { appendFailures: 0, syncFailures: count },
    calls: { ...NONE, refused: count },
    exchanges: { ...NONE, dropped: count },
  })
  expect(look(bad(1), 0)?.split('; ')).toHaveLength(3)
  expect(look(bad(2), 3_599_999)).toBeUndefined()
  expect(look(bad(3), 3_600_000)?.split('; ')).toHaveLength(3)
})

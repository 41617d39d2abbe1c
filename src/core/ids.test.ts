import { describe, expect, it } from 'vitest'
import { newId, newRequestId } from './ids.ts'

const NOW = Date.UTC(2026, 10, 23, 12)

describe('ids', () => {
  it('of rows are UUIDs of version 7 that carry their time', () => {
    const id = newId(NOW)
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(NOW)
  })

  it('of requests carry their time, then 80 random bits', () => {
    expect(newRequestId(NOW)).toMatch(new RegExp(`^req_0${NOW.toString(16)}[\\da-f]{20}$`))
  })

  it('sort by the moment they were made', () => {
    const ids = [newId(NOW + 2), newId(NOW), newId(NOW + 1)]
    expect([...ids].sort()).toEqual([ids[1], ids[2], ids[0]])
  })

  it('never repeat, also past the end of the pool of random bytes', () => {
    const ids = Array.from({ length: 5_000 }, (_none, at) => (at % 2 === 0 ? newId(NOW) : newRequestId(NOW)))
    expect(new Set(ids).size).toBe(ids.length)
  })
})

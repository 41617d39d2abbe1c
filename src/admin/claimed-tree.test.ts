import fc from 'fast-check'
import { expect, it } from 'vitest'
import { placeByClaims } from './claimed-tree.ts'

const places = (...claims: readonly (readonly [string | null, string | null])[]) =>
  placeByClaims(claims.map(([id, claimedParent]) => ({ id, claimedParent }))).map(({ id, parentId, depth }) => [
    id,
    parentId,
    depth,
  ])

it('each is followed by those it started, in their order', () => {
  expect(places(['b', 'a'], [null, null], ['a', null], ['c', 'b'], ['d', 'a'])).toEqual([
    [null, null, 0],
    ['a', null, 1],
    ['b', 'a', 2],
    ['c', 'b', 3],
    ['d', 'a', 2],
  ])
})

it('a claim that no tree can come of is not believed: unknown, itself, a circle', () => {
  expect(places(['a', 'nobody'])).toEqual([
    [null, null, 0],
    ['a', null, 1],
  ])
  expect(places(['a', 'a'])).toEqual([
    [null, null, 0],
    ['a', null, 1],
  ])
  // The first to claim is believed; the one who closes the circle is not.
  expect(places(['a', 'b'], ['b', 'c'], ['c', 'a'])).toEqual([
    [null, null, 0],
    ['c', null, 1],
    ['b', 'c', 2],
    ['a', 'b', 3],
  ])
})

it('whatever is claimed, everybody has one place, below a parent that comes before', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
  const claiming = fc.record({ id, claimedParent: fc.option(fc.oneof(id, fc.string())) })
  fc.assert(
    fc.property(fc.uniqueArray(claiming, { selector: (each) => each.id }), (items) => {
      const found = placeByClaims(items)
      expect(found.map((place) => place.id).toSorted()).toEqual([null, ...items.map((each) => each.id)].toSorted())
      const seen = new Map<string | null, number>()
      for (const place of found) {
        if (place.id !== null) expect(seen.get(place.parentId)).toBe(place.depth - 1)
        seen.set(place.id, place.depth)
      }
    }),
  )
})

it('a chain of two thousand is a tree as well', () => {
  const items = Array.from({ length: 2_000 }, (_, at) => ({
    id: `a${at}`,
    claimedParent: at === 0 ? null : `a${at - 1}`,
  }))
  expect(placeByClaims(items).at(-1)).toMatchObject({ id: 'a1999', depth: 2_000 })
})

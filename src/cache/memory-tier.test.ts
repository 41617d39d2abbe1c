import { expect, test } from 'vitest'
import fc from 'fast-check'
import { createManualClock } from '../testing/clock.ts'
import { type KeptAnswer, createMemoryTier } from './memory-tier.ts'

const clock = createManualClock()

function answer(bytes = 0, ttlMs = 60_000): KeptAnswer {
  const createdAt = clock.now()
  return { status: 200, headers: [], body: Buffer.alloc(bytes), createdAt, expiresAt: createdAt + ttlMs }
}

test('an answer is there until it expires', () => {
  const tier = createMemoryTier({ clock, bytesMax: 10_000 })
  const kept = answer(10)
  tier.put({ workspaceId: 'w', id: 'a' }, kept)
  clock.advance(59_999)
  expect(tier.get({ workspaceId: 'w', id: 'a' })).toBe(kept)
  clock.advance(1)
  expect(tier.get({ workspaceId: 'w', id: 'a' })).toBeUndefined()
  expect([tier.answers, tier.bytes]).toEqual([0, 0])
})

test('of one workspace the answer that was unused for longest goes first', () => {
  const tier = createMemoryTier({ clock, bytesMax: 3 * 1024 })
  for (const id of ['a', 'b', 'c']) tier.put({ workspaceId: 'w', id }, answer())
  tier.get({ workspaceId: 'w', id: 'a' })
  tier.put({ workspaceId: 'w', id: 'd' }, answer())
  const left = ['a', 'b', 'c', 'd'].filter((id) => tier.get({ workspaceId: 'w', id }) !== undefined)
  expect(left).toEqual(['a', 'c', 'd'])
})

test('a busy workspace does not push out the answers of a quiet one', () => {
  const tier = createMemoryTier({ clock, bytesMax: 20 * 1024 })
  tier.put({ workspaceId: 'quiet', id: 'a' }, answer())
  for (let n = 0; n < 500; n++) tier.put({ workspaceId: 'busy', id: String(n) }, answer(n))
  expect(tier.get({ workspaceId: 'quiet', id: 'a' })).toBeDefined()
  expect(tier.get({ workspaceId: 'busy', id: '499' })).toBeDefined()
})

test('an answer larger than all the room is not kept, and the earlier one is no longer given', () => {
  const tier = createMemoryTier({ clock, bytesMax: 4096 })
  tier.put({ workspaceId: 'w', id: 'a' }, answer(1))
  tier.put({ workspaceId: 'w', id: 'a' }, answer(10_000))
  expect(tier.get({ workspaceId: 'w', id: 'a' })).toBeUndefined()
  expect(tier.bytes).toBe(0)
})

test('it never holds more than it may, never gives what belongs to another workspace, and counts right', () => {
  const step = fc.record({
    kind: fc.constantFrom('put', 'put', 'get', 'forget', 'wait'),
    workspaceId: fc.constantFrom('one', 'two', 'three'),
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    bytes: fc.integer({ min: 0, max: 3_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const tier = createMemoryTier({ clock, bytesMax: 8_000 })
      const owners = new WeakMap<KeptAnswer, string>()
      for (const { kind, workspaceId, id, bytes } of steps) {
        if (kind === 'put') {
          const kept = answer(bytes)
          owners.set(kept, workspaceId)
          tier.put({ workspaceId, id }, kept)
        } else if (kind === 'forget') {
          tier.forget(workspaceId)
          expect(tier.get({ workspaceId, id })).toBeUndefined()
        } else if (kind === 'wait') {
          clock.advance(20_000)
        } else {
          const found = tier.get({ workspaceId, id })
          if (found !== undefined) expect(owners.get(found)).toBe(workspaceId)
        }
        expect(tier.bytes).toBeLessThanOrEqual(8_000)
      }
      for (const workspaceId of ['one', 'two', 'three']) tier.forget(workspaceId)
      expect([tier.answers, tier.bytes]).toEqual([0, 0])
    }),
  )
})

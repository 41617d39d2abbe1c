import { expect, test } from 'vitest'
import { createManualClock } from '../testing/clock.ts'
import { createAffinity } from './affinity.ts'

test('the option that served a conversation is known until its time is over', () => {
  const clock = createManualClock()
  const affinity = createAffinity({ clock })
  affinity.set('session', 2, 1_000)
  clock.advance(999)
  expect(affinity.get('session')).toBe(2)
  clock.advance(1)
  expect(affinity.get('session')).toBeUndefined()
})

test('each serving begins the time anew, and may name another option', () => {
  const clock = createManualClock()
  const affinity = createAffinity({ clock })
  affinity.set('session', 0, 1_000)
  clock.advance(900)
  affinity.set('session', 1, 1_000)
  clock.advance(900)
  expect(affinity.get('session')).toBe(1)
})

test('asking alone does not prolong it', () => {
  const clock = createManualClock()
  const affinity = createAffinity({ clock })
  affinity.set('session', 1, 1_000)
  clock.advance(600)
  affinity.get('session')
  clock.advance(600)
  expect(affinity.get('session')).toBeUndefined()
})

test('beyond the bound, the conversation that was quiet for longest is forgotten', () => {
  const affinity = createAffinity({ clock: createManualClock(), entriesMax: 2 })
  affinity.set('first', 1, 1_000)
  affinity.set('second', 2, 1_000)
  affinity.get('first')
  affinity.set('third', 3, 1_000)
  expect(['first', 'second', 'third'].map((key) => affinity.get(key))).toEqual([1, undefined, 3])
})

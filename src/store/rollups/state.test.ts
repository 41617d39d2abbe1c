import { expect, test } from 'vitest'
import { isCounted, readState, type RollUpState, writeState } from './state.ts'

test('a row is added up with its insertion up to where the building stands, and by the building from there on', () => {
  const building: RollUpState = { zone: 'UTC', building: { from: 100, what: 'all' } }
  // A step reads the rows from that very moment on.
  expect([99, 100, 101].map((moment) => isCounted(building, moment, 'usage'))).toEqual([true, false, false])
  expect([99, 100, 101].map((moment) => isCounted(building, moment, 'tags'))).toEqual([true, false, false])
  expect(isCounted({ zone: 'UTC' }, 100, 'tags')).toBe(true)
})

test('while tags alone are built, everything else is added up with its insertion', () => {
  const building: RollUpState = { zone: 'UTC', building: { from: 100, what: 'tags' } }
  expect([isCounted(building, 100, 'usage'), isCounted(building, 100, 'tags')]).toEqual([true, false])
})

test('a state is read as it was written, and where there is none everything is built', () => {
  const building: RollUpState = { zone: 'Europe/Berlin', building: { from: 100, what: 'tags' } }
  expect(readState(writeState(building))).toEqual(building)
  expect(readState(undefined)).toEqual({ zone: 'UTC', building: { from: 0, what: 'all' } })
})

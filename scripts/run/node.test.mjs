import { expect, test } from 'vitest'
import { isAtLeast } from './node.mjs'

test.each([
  ['24.11.0', true],
  ['24.12.1', true],
  ['26.0.0', true],
  ['24.9.0', false],
  ['20.20.2', false],
  ['9.99.0', false],
])('Node %s is new enough: %s', (version, expected) => {
  expect(isAtLeast(version, [24, 11])).toBe(expected)
})

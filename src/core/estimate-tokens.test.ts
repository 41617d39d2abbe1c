import { expect, test } from 'vitest'
import { estimateTokens } from './estimate-tokens.ts'

test('estimates one token for three bytes, rather one too many', () => {
  expect([0, 1, 3, 4, 300_000].map(estimateTokens)).toEqual([0, 1, 1, 2, 100_000])
})

test('estimates nothing for less than nothing', () => {
  expect(estimateTokens(-5)).toBe(0)
})

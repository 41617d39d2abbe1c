import { expect, it } from 'vitest'
import { nearestName } from './spelling.ts'

const KNOWN = ['name', 'description', 'configurations', 'ai_provider_id', 'slug']

it.each([
  ['nmae', 'name'],
  ['Name', 'name'],
  ['discription', 'description'],
  ['configuration', 'configurations'],
  ['aiProviderId', 'ai_provider_id'],
  ['slugs', 'slug'],
])('%s is taken for %s', (typed, meant) => {
  expect(nearestName(typed, KNOWN)).toBe(meant)
})

it.each(['colour', 'x', '', 'id'])('%s resembles nothing', (typed) => {
  expect(nearestName(typed, KNOWN)).toBeUndefined()
})

it('a hostile name of a million letters costs no more than a short one', () => {
  expect(nearestName('n'.repeat(1_000_000), KNOWN)).toBeUndefined()
})

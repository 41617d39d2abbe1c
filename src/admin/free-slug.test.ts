import { expect, it } from 'vitest'
import { slug } from '../contract/fields.ts'
import { freeSlug } from './free-slug.ts'

it.each([
  ['Claude Prod', 'claude-prod'],
  ['  Köln / Büro 2 ', 'koln-buro-2'],
  ['日本', 'unnamed'],
  ['@sandbox', 'sandbox'],
  ['cf', 'cf-2'],
  ['x'.repeat(300), 'x'.repeat(90)],
])('%s becomes %s', (name, expected) => {
  expect(freeSlug(name, [])).toBe(expected)
  expect(slug.safeParse(expected).success).toBe(true)
})

it('a taken slug gets the first free number', () => {
  expect(freeSlug('Prod', ['prod', 'prod-2', 'prod-4'])).toBe('prod-3')
})

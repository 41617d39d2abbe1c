import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { writeYaml } from './yaml-text.ts'

it('a reader of YAML finds the value that was written', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      expect(parse(writeYaml(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

it('reads like something that a person wrote', () => {
  const value = {
    name: 'Payments',
    models: ['claude-opus-5-5', { slug: 'x', enabled: false }],
    yes: 'no',
    defaults: { provider: '@claude' },
    none: [],
  }
  expect(writeYaml(value)).toBe(`name: Payments
models:
  - claude-opus-5-5
  - slug: x
    enabled: false
"yes": "no"
defaults:
  provider: "@claude"
none: []
`)
})

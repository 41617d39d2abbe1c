import { expect, it } from 'vitest'
import { readBody } from './read-body.ts'

it('an empty body is no body', () => {
  expect(readBody('')).toBeUndefined()
  expect(readBody(' \n')).toBeUndefined()
})

it('brackets inside strings do not count as depth', () => {
  const text = JSON.stringify({ name: '['.repeat(100) + '\\"' })
  expect(readBody(text)).toEqual({ name: '['.repeat(100) + '\\"' })
})

it.each(['['.repeat(33) + ']'.repeat(33), '{"a":'.repeat(100_000), '["\\"", ' + '['.repeat(40)])(
  'a body that nests too deep is refused before it is built',
  (text) => {
    expect(() => readBody(text)).toThrow(/nests deeper/)
  },
)

it.each(['{', '{"a":1,}', 'nonsense'])('%s is refused as JSON', (text) => {
  expect(() => readBody(text)).toThrow(/not valid JSON/)
})

it('a member named __proto__ is refused at any level', () => {
  expect(() => readBody('{"metadata":{"__proto__":{"admin":"1"}}}')).toThrow(/__proto__/)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonTextError, rawAt, readJsonText, removeAt, setAt } from './json-text.ts'

describe('readJsonText', () => {
  test('takes every document that JSON.parse takes', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 2, '\t'), (json, space) => {
        const text = JSON.stringify(JSON.parse(json), null, space)
        const node = readJsonText(text)
        expect(text.slice(node.start, node.end)).toBe(text)
      }),
    )
  })

  test('refuses every document that JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '1',
      '01',
      '-',
      '1.',
      'e5',
      'true',
      'nul',
      ' ',
      '\n',
      '\t',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 9 }), (parts) => {
        const text = parts.join('')
        expect(accepts(() => readJsonText(text))).toBe(accepts(() => JSON.parse(text) as unknown))
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    ['a comment', '{\n  // ours\n  "a": 1\n}', 2, 3],
    ['a trailing comma', '{\n  "a": 1,\n}', 3, 1],
    ['a trailing comma in a list', '{"a": [1,]}', 1, 10],
    ['a missing comma', '{\n  "a": 1\n  "b": 2\n}', 3, 3],
    ['single quotes', "{'a': 1}", 1, 2],
    ['an end that comes too early', '{"a":', 1, 6],
    ['something after the end', '{}\n{}', 2, 1],
    ['more levels than any settings file has', '['.repeat(300), 1, 202],
  ])('says line and column of %s', (_, text, line, column) => {
    let thrown: unknown
    try {
      readJsonText(text)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(JsonTextError)
    expect(thrown).toMatchObject({ line, column })
  })
})

describe('setAt', () => {
  test.each([
    ['four spaces', '{\n    "a": 1\n}\n', '{\n    "a": 1,\n    "env": {\n        "X": "1"\n    }\n}\n'],
    ['tabs', '{\n\t"a": 1\n}', '{\n\t"a": 1,\n\t"env": {\n\t\t"X": "1"\n\t}\n}'],
    ['one line', '{"a":1}', '{"a":1,"env":{"X":"1"}}'],
    ['Windows line ends', '{\r\n  "a": 1\r\n}\r\n', '{\r\n  "a": 1,\r\n  "env": {\r\n    "X": "1"\r\n  }\r\n}\r\n'],
    ['an empty object', '{}', '{\n  "env": {\n    "X": "1"\n  }\n}'],
    ['a byte order mark', '\uFEFF{}', '\uFEFF{\n  "env": {\n    "X": "1"\n  }\n}'],
  ])('adds a member laid out like its neighbours: %s', (_, before, after) => {
    expect(setAt(before, ['env', 'X'], '"1"')).toBe(after)
  })

  test('replaces a value and nothing around it', () => {
    expect(setAt('{ "a" : 1e2 , "b":2 }', ['a'], '3')).toBe('{ "a" : 3 , "b":2 }')
  })
})

describe('removeAt', () => {
  test('takes back exactly what setAt added to an object that has members', () => {
    const documents = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
    fc.assert(
      fc.property(documents, fc.constantFrom(undefined, 2, '\t'), fc.string(), (value, space, name) => {
        fc.pre(!Object.hasOwn(value, name))
        const text = JSON.stringify(value, null, space)
        const added = setAt(text, [name], '"x"')
        expect(rawAt(added, [name])).toBe('"x"')
        expect(removeAt(added, [name])).toBe(text)
      }),
    )
  })

  test('loses no other member, wherever it stands', () => {
    const documents = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, noNullPrototype: true })
    fc.assert(
      fc.property(documents, fc.nat(), (value, pick) => {
        const names = Object.keys(value)
        const name = names[pick % names.length]!
        const { [name]: removed, ...others } = JSON.parse(JSON.stringify(value)) as Record<string, unknown>
        expect(removed).toBeDefined()
        expect(JSON.parse(removeAt(JSON.stringify(value, null, 2), [name]))).toEqual(others)
      }),
    )
  })
})

function accepts(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}

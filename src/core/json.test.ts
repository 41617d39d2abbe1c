import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  JsonError,
  parseMember,
  readBoolean,
  readInteger,
  readString,
  replaceValue,
  scanTopLevel,
  splice,
  type Member,
} from './json.ts'

const space = fc.stringMatching(/^[ \t\n\r]{0,3}$/)

/** A string literal in one of the many spellings that JSON has for it. */
const literal = fc.tuple(fc.string({ unit: 'binary' }), fc.infiniteStream(fc.nat(9))).map(([text, choices]) => {
  const units = Array.from({ length: text.length }, (_, at) => text.slice(at, at + 1))
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  const needsEscape = /[\uD800-\uDFFF]/
  return `"${units.map((unit) => (needsEscape.test(unit) || choices.next().value === 0 ? escaped(unit) : JSON.stringify(unit).slice(1, -1))).join('')}"`
})

const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom('-0', '1e400', '0.1E-7', '123456789012345678901234567890', '5e+3'),
)

/** JSON text that no printer would write: odd white space, odd spellings, names that stand twice. */
const { value: document } = fc.letrec<{ value: string; inner: string }>((tie) => {
  const members = fc.array(fc.tuple(space, literal, space, space, tie('inner'), space), { maxLength: 6 })
  const object = fc.tuple(members, space).map(([list, empty]) => {
    const text = list.map(([a, name, b, c, value, d]) => `${a}${name}${b}:${c}${value}${d}`).join(',')
    return `{${text || empty}}`
  })
  const array = fc
    .array(fc.tuple(space, tie('inner'), space), { maxLength: 4 })
    .map((list) => `[${list.map((part) => part.join('')).join(',')}]`)
  return {
    value: fc.tuple(space, object, space).map((parts) => parts.join('')),
    inner: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      literal,
      number,
      fc.constantFrom('true', 'false', 'null'),
      array,
      object,
    ),
  }
})

const scan = (text: string) => scanTopLevel(Buffer.from(text))
const textOf = (bytes: Buffer, member: Member): string => bytes.toString('utf8', member.valueStart, member.valueEnd)

function accepts(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false
  }
}

describe('scanning', () => {
  test('finds the members that JSON.parse finds, each with the same value', () => {
    fc.assert(
      fc.property(document, (text) => {
        const bytes = Buffer.from(text)
        const top = scanTopLevel(bytes)
        const parsed = JSON.parse(text) as Record<string, unknown>
        expect(new Set(top.members.map((member) => member.name))).toEqual(new Set(Object.keys(parsed)))
        for (const [name, value] of Object.entries(parsed)) {
          expect(JSON.parse(textOf(bytes, top.find(name)!))).toEqual(value)
          expect(parseMember(bytes, top.find(name)!, { bytesMax: 1e6, depthMax: 256 })).toEqual(value)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('takes every document that a printer writes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()),
        fc.constantFrom(0, 2, '\t'),
        (value, indent) => {
          const names = scan(JSON.stringify(value, null, indent)).members.map((member) => member.name)
          expect(names).toEqual(Object.keys(JSON.parse(JSON.stringify(value)) as object))
        },
      ),
    )
  })

  test('refuses a document that is cut anywhere', () => {
    fc.assert(
      fc.property(document, fc.double({ min: 0, max: 1, noNaN: true }), (text, where) => {
        const whole = Buffer.from(text.trimEnd())
        const cut = whole.subarray(0, Math.floor(where * (whole.length - 1)))
        expect(() => scanTopLevel(cut)).toThrow(JsonError)
      }),
      { numRuns: 300 },
    )
  })

  test('meets any damage with an answer or a JsonError, and what it takes has the members that JSON.parse finds', () => {
    fc.assert(
      fc.property(document, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), (text, damage) => {
        const bytes = Buffer.from(text)
        for (const [where, byte] of damage) bytes[where % bytes.length] = byte
        let names: readonly string[] | undefined
        try {
          names = scanTopLevel(bytes).members.map((member) => member.name)
        } catch (error) {
          expect(error).toBeInstanceOf(JsonError)
        }
        if (accepts(() => JSON.parse(bytes.toString()))) {
          expect(new Set(names)).toEqual(new Set(Object.keys(JSON.parse(bytes.toString()) as object)))
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('judges a flat document exactly as JSON.parse does', () => {
    const letters = fc.stringMatching(/^[\x00-\x7f]{0,3}$/)
    fc.assert(
      fc.property(
        fc.constantFrom('{"a":', '{"a":1', '{"a"', '{', '{"a":"', '{"a":1,"b":-'),
        letters,
        fc.constantFrom('}', '"}', ',"c":2}', ''),
        (start, middle, rest) => {
          const text = start + middle + rest
          fc.pre(!/[[\]]|\{.*\{/s.test(text))
          expect(accepts(() => scan(text))).toBe(accepts(() => JSON.parse(text)))
        },
      ),
      { numRuns: 3000 },
    )
  })

  test.each([
    ['', 'empty'],
    [' \n', 'empty'],
    ['\uFEFF{}', 'byte order mark'],
    ['[1]', 'not an object'],
    ['"text"', 'not an object'],
    ['{"a":1} x', 'goes on after its end'],
    ['{"a":1}{', 'goes on after its end'],
    ['{"a":1', 'ends too early'],
    ['{"a":', 'ends too early'],
    ['{"a', 'ends inside a string'],
    ['{"a":["b\\"', 'ends inside a string'],
    ['{"a":[1}', 'wrong partner'],
    ['{"a":[{]}', 'wrong partner'],
    ['{"a":1,}', 'a member name'],
    ['{"a" 1}', 'a colon'],
    ['{"a":1 "b":2}', 'a comma'],
    ['{"a":tru}', 'a value'],
    ['{"a":01}', 'a value'],
    ['{"a":[<]}', 'a value'],
    ['{"a\nb":1}', 'control character'],
    ['{"a":"\\x"}', 'escape'],
    ['{"a":"\\u12g4"}', 'escape'],
  ])('says what is wrong with %j', (text, problem) => {
    expect(() => scan(text)).toThrow(problem)
  })

  test('tells the byte at which reading stopped', () => {
    expect(() => scan('{"ä":1,,}')).toThrow(expect.objectContaining({ at: 8 }))
  })

  test('decodes escaped names before they are compared', () => {
    expect(scan('{"mod\\u0065l":"x"}').find('model')).toMatchObject({ name: 'model', nameStart: 1 })
  })

  test('reports names that stand twice, in whatever spelling, and finds the last one', () => {
    const bytes = Buffer.from('{"model":"a","x":1,"mod\\u0065l":"b"}')
    const top = scanTopLevel(bytes)
    expect(top.repeated).toEqual(['model'])
    expect(readString(bytes, top.find('model'))).toBe('b')
    expect(scan('{"a":1,"b":2}').repeated).toEqual([])
  })

  test('follows nesting to 256 levels and refuses more', () => {
    const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    expect(scan(nested(256)).members).toHaveLength(1)
    expect(() => scan(nested(257))).toThrow('deeper than 256')
    expect(() => scan(nested(100_000))).toThrow('deeper than 256')
  })

  test('takes 1,000 members and refuses more', () => {
    const wide = (count: number): string => `{${Array.from({ length: count }, (_, at) => `"m${at}":0`).join(',')}}`
    expect(scan(wide(1000)).members).toHaveLength(1000)
    expect(() => scan(wide(1001))).toThrow('more than 1000 members')
  })

  test('ends a long string at the right quote, whatever backslashes stand before it', () => {
    for (let length = 0; length < 100; length += 1) {
      for (let backslashes = 0; backslashes < 5; backslashes += 1) {
        const text = 'x'.repeat(length) + '\\'.repeat(backslashes) + '"y'
        const json = JSON.stringify({ outer: [text], plain: text })
        const bytes = Buffer.from(json)
        const top = scanTopLevel(bytes)
        expect(readString(bytes, top.find('plain'))).toBe(text)
        expect(textOf(bytes, top.find('outer')!)).toBe(JSON.stringify([text]))
      }
    }
  })
})

describe('reading', () => {
  const read = <Value>(reader: (bytes: Buffer, member: Member | undefined) => Value, json: string): Value => {
    const bytes = Buffer.from(`{ "a" : ${json} }`)
    return reader(bytes, scanTopLevel(bytes).find('a'))
  }

  test('a string, decoded', () => {
    expect(read(readString, '"sch\\u00f6n \\"é\\" \\ud83d\\ude00"')).toBe('schön "é" 😀')
    for (const json of ['1', 'true', 'null', '{}', '["x"]']) expect(read(readString, json)).toBeUndefined()
  })

  test('a boolean', () => {
    expect(read(readBoolean, 'true')).toBe(true)
    expect(read(readBoolean, 'false')).toBe(false)
    for (const json of ['1', '"true"', 'null', '[]']) expect(read(readBoolean, json)).toBeUndefined()
  })

  test('a whole number', () => {
    for (const json of ['0', '-7', '64000', '9007199254740991']) expect(read(readInteger, json)).toBe(Number(json))
    expect(read(readInteger, '1e3')).toBe(1000)
    expect(Object.is(read(readInteger, '-0'), 0)).toBe(true)
    for (const json of ['1.5', '9007199254740993', '1e400', '"1"', 'null', '[1]'])
      expect(read(readInteger, json)).toBeUndefined()
  })

  test('nothing where there is no member', () => {
    const bytes = Buffer.from('{}')
    for (const reader of [readString, readBoolean, readInteger]) expect(reader(bytes, undefined)).toBeUndefined()
  })

  test('a small member as a whole, within its limits', () => {
    const parse = (json: string, bytesMax: number, depthMax: number): unknown =>
      read((bytes, member) => parseMember(bytes, member!, { bytesMax, depthMax }), json)
    expect(parse('{"user_id":["]"]}', 17, 2)).toEqual({ user_id: [']'] })
    expect(() => parse('{"user_id":["]"]}', 16, 2)).toThrow('larger than 16 bytes')
    expect(() => parse('{"user_id":["]"]}', 17, 1)).toThrow('deeper than 1 levels')
    expect(() => parse('[1 2]', 99, 9)).toThrow(JsonError)
  })
})

describe('splicing', () => {
  test('changes the named member and leaves every other byte as it was', () => {
    fc.assert(
      fc.property(document, fc.nat(), fc.jsonValue(), (text, pick, value) => {
        const bytes = Buffer.from(text)
        const { members } = scanTopLevel(bytes)
        fc.pre(members.length > 0)
        const index = pick % members.length
        const member = members[index]!
        const json = JSON.stringify(value)
        const edited = splice(bytes, [replaceValue(member, json)])
        const grown = Buffer.byteLength(json) - (member.valueEnd - member.valueStart)
        expect(edited.subarray(0, member.valueStart)).toEqual(bytes.subarray(0, member.valueStart))
        expect(edited.subarray(member.valueEnd + grown)).toEqual(bytes.subarray(member.valueEnd))
        expect(textOf(edited, scanTopLevel(edited).members[index]!)).toBe(json)
      }),
    )
  })

  test('makes several edits in order', () => {
    const bytes = Buffer.from('{"a":1, "b" : [2] ,"c":"ü"}')
    const top = scanTopLevel(bytes)
    const edits = [replaceValue(top.find('a')!, '"long"'), replaceValue(top.find('c')!, '0')]
    expect(splice(bytes, edits).toString()).toBe('{"a":"long", "b" : [2] ,"c":0}')
    expect(splice(bytes, [])).toEqual(bytes)
  })

  test('refuses edits that overlap, stand in the wrong order or lie outside', () => {
    const bytes = Buffer.from('{"a":1,"b":2}')
    const [a, b] = scanTopLevel(bytes).members.map((member) => replaceValue(member, '0'))
    const by = Buffer.alloc(0)
    for (const edits of [
      [b!, a!],
      [a!, a!],
      [{ start: 0, end: 99, by }],
      [{ start: 3, end: 2, by }],
      [{ start: -1, end: 2, by }],
    ]) {
      expect(() => splice(bytes, edits)).toThrow(RangeError)
    }
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JsonDraft } from './json-draft.ts'
import { JsonError, scanTopLevel, splice } from './json.ts'

const draftOf = (text: string): { readonly draft: JsonDraft; written(): string } => {
  const bytes = Buffer.from(text)
  const draft = JsonDraft.ofDocument(bytes, scanTopLevel(bytes))
  return { draft, written: () => splice(bytes, draft.edits()).toString() }
}

type Value = null | boolean | number | string | Value[] | { [name: string]: Value }

/** Decides by the numbers given, one per part, what becomes of it; the same in the draft and in the parsed value. */
function change(draft: JsonDraft, value: Value, choices: Iterator<number>): Value {
  const next = (): number => choices.next().value as number
  if (Array.isArray(value)) {
    const kept: Value[] = []
    for (const [at, part] of draft.elements.entries()) {
      const choice = next()
      if (choice === 0) part.remove()
      else if (choice === 1) {
        part.replace('"new"')
        kept.push('new')
      } else kept.push(change(part, value[at]!, choices))
    }
    if (next() === 2) {
      draft.append('{"added":1}')
      kept.push({ added: 1 })
    }
    return kept
  }
  if (typeof value !== 'object' || value === null) return value
  const kept: [string, Value][] = []
  for (const [name, part] of draft.names.map((each) => [each, draft.get(each)!] as const)) {
    const choice = next()
    if (choice === 0) draft.removeMember(name)
    else if (choice === 1) {
      draft.put(name, '[2]')
      kept.push([name, [2]])
    } else kept.push([name, change(part, value[name]!, choices)])
  }
  const choice = next()
  if (choice === 2) {
    draft.put('added\n', '3')
    kept.push(['added\n', 3])
  }
  if (choice === 3) {
    draft.putFirst('first', '4')
    kept.push(['first', 4])
  }
  return Object.fromEntries(kept)
}

test('any edits give the value that the same changes give to the parsed one', () => {
  const choices = fc.infiniteStream(fc.nat(5))
  const document = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }))
  fc.assert(
    fc.property(document, choices, fc.constantFrom(undefined, 1, '\t'), (value, stream, indent) => {
      const text = JSON.stringify(value, null, indent)
      const { draft, written } = draftOf(text)
      const expected = change(draft, JSON.parse(text) as Value, stream[Symbol.iterator]())
      expect(JSON.parse(written())).toEqual(expected)
      expect(JSON.parse(draft.json)).toEqual(expected)
    }),
    { numRuns: 1000 },
  )
})

test('what is only looked at stays byte for byte', () => {
  const text = ' { "a" : [ 1.0 , {"b":"\\u0041", "c" : [ ] } ] ,"d":1e3 } '
  const { draft, written } = draftOf(text)
  expect(draft.get('a')?.elements[1]?.get('b')?.text).toBe('A')
  expect(draft.get('d')?.elements).toEqual([])
  expect(written()).toBe(text)
})

test.each([
  ['{"a":1, "b":2, "c":3}', ['a'], '{"b":2, "c":3}'],
  ['{"a":1, "b":2, "c":3}', ['b'], '{"a":1, "c":3}'],
  ['{"a":1, "b":2, "c":3}', ['c'], '{"a":1, "b":2}'],
  ['{"a":1, "b":2, "c":3}', ['a', 'b'], '{"c":3}'],
  ['{ "a":1, "b":2 }', ['a', 'b'], '{  }'],
  ['{"a":1,"b":2,"\\u0061":3}', ['a'], '{"b":2}'],
])('from %s without %j is left %s', (text, names, expected) => {
  const { draft, written } = draftOf(text)
  for (const name of names) expect(draft.removeMember(name)).toBe(true)
  expect(draft.removeMember('nobody')).toBe(false)
  expect(written()).toBe(expected)
})

test.each(['{"a":[1 2]}', '{"a":[1,]}', '{"a":[,1]}', '{"a":{"b" 1}}', '{"a":[01]}'])(
  'a slip in a nested value is found when somebody looks: %s',
  (text) => {
    const { draft } = draftOf(text)
    expect(() => [draft.get('a')?.elements, draft.get('a')?.names]).toThrow(JsonError)
  },
)

/** A draft read down to its leaves. */
function readAll(draft: JsonDraft): unknown {
  if (draft.isList) return draft.elements.map(readAll)
  if (draft.isObject) return draft.names.map((name) => [name, readAll(draft.get(name)!)])
  return draft.text ?? (JSON.parse(draft.json) as unknown)
}

function entries(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(entries)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value).map(([name, each]) => [name, entries(each)])
}

test('long values, whose ends are noted on the way down, are read as JSON.parse reads them', () => {
  const text = fc
    .tuple(
      fc.string({ unit: fc.constantFrom('"', '\\', 'a', ']', '}', '{', 'é', '\n') }),
      fc.integer({ max: 60, min: 1 }),
    )
    .map(([unit, times]) => unit.repeat(times))
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      text,
      fc.integer(),
      fc.array(tie('value')),
      fc.dictionary(fc.constantFrom('content', 'type', 'a"b'), tie('value'), { noNullPrototype: true }),
    ),
  }))
  fc.assert(
    fc.property(value, (messages) => {
      const { draft, written } = draftOf(JSON.stringify({ messages }))
      expect(readAll(draft)).toEqual(entries({ messages }))
      expect(written()).toBe(JSON.stringify({ messages }))
    }),
  )
})

test.each(['{"a":["\\x"]}', '{"a":["\n"]}'])('a string in a nested value is checked when it is read: %j', (text) => {
  const [element] = draftOf(text).draft.get('a')!.elements
  expect(() => element?.text).toThrow(JsonError)
})

test('what fits only another kind of value changes nothing', () => {
  const { draft, written } = draftOf('{"a":[[]],"b":"text"}')
  draft.get('a')?.elements[0]?.put('name', '1')
  draft.get('b')?.append('1')
  draft.append('1')
  expect(written()).toBe('{"a":[[]],"b":"text"}')
})

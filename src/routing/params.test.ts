import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scanTopLevel } from '../core/json.ts'
import { readParamPath } from './param-path.ts'
import { applyParams } from './params.ts'
import { NO_EDITS, type ParamEdits, type ParamPath } from './routing-config.ts'

test.each<[string, string, Partial<ParamEdits>, string]>([
  ['a default joins at the end', '{"a": 1}', { defaults: { b: [2] } }, '{"a": 1,"b":[2]}'],
  ['a default in an empty body', '{ }', { defaults: { b: 2 } }, '{"b":2 }'],
  ['an override replaces in place', '{"a": 1, "b":2}', { overrides: { a: { c: 3 } } }, '{"a": {"c":3}, "b":2}'],
  ['an override that is new joins', '{"a":1}', { overrides: { b: null } }, '{"a":1,"b":null}'],
  ['the first member leaves with its comma', '{"a": 1, "b":2}', { drops: [['a']] }, '{"b":2}'],
  ['a middle member leaves', '{"a":1, "b":2, "c":3}', { drops: [['b']] }, '{"a":1, "c":3}'],
  ['a member that stands twice leaves twice', '{"a":1,"b":2,"a":3}', { drops: [['a']] }, '{"b":2}'],
  ['drops come last', '{"a":1}', { defaults: { b: { c: 1, d: 2 } }, drops: [['b', 'c']] }, '{"a":1,"b":{"d":2}}'],
  [
    'a drop in every element keeps all other bytes',
    '{"id":12345678901234567890,"messages":[ {"n":1.0,"cache_control":{"ttl":"1h"}}, {"cache_control":1}, 3 ]}',
    { drops: [['messages', '*', 'cache_control']] },
    '{"id":12345678901234567890,"messages":[ {"n":1.0}, {}, 3 ]}',
  ],
  ['one element leaves', '{"a":[1,[2],3]}', { drops: [['a', 1]] }, '{"a":[1,3]}'],
])('%s', (_, before, edits, after) => {
  expect(apply(before, edits)).toBe(after)
})

test.each<[string, string, Partial<ParamEdits>]>([
  ['no edits', '{"a":1}', {}],
  ['a default that is there, if only as null', '{"a":null}', { defaults: { a: 1 } }],
  ['an override that is there', '{"a":"x"}', { overrides: { a: 'x' } }],
  [
    'a drop that leads nowhere',
    '{"a":{"b":1},"c":[1]}',
    { drops: [['b'], ['a', 'c', 'd'], ['a', 0], ['c', 5], ['c', 'x']] },
  ],
  ['a default that is dropped again', '{"a":1}', { defaults: { b: 1 }, drops: [['b']] }],
])('%s: the body stays the very same', (_, body, edits) => {
  const bytes = Buffer.from(body)
  expect(applyParams(bytes, scanTopLevel(bytes), { ...NO_EDITS, ...edits })).toBeUndefined()
})

test('a drop that leads into broken JSON refuses the request and says where it is broken', () => {
  expect(() => apply('{"a":{"b" 1}}', { drops: [['a', 'b']] })).toThrow(/request's a cannot be read.*colon/)
})

const NAMES = ['a', 'b', 'c', 'stream']

const json = fc.letrec<{ value: unknown; object: Record<string, unknown>; list: unknown[] }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(null, true, 7, 'text', 'quote " \\ ü'),
    tie('object'),
    tie('list'),
  ),
  object: fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  list: fc.array(tie('value'), { maxLength: 3 }),
}))

const pathArbitrary: fc.Arbitrary<ParamPath> = fc
  .tuple(fc.constantFrom(...NAMES), fc.array(fc.constantFrom('a', 'b', 'c', '*', 0, 1), { maxLength: 3 }))
  .map(([name, steps]) => [name, ...steps])

test('a body that is edited as bytes says the same as one that is edited as an object', () => {
  const edits = fc.record({
    defaults: json.object,
    overrides: json.object,
    drops: fc.array(pathArbitrary, { maxLength: 4 }),
  })
  fc.assert(
    fc.property(json.object, edits, fc.constantFrom(0, 2), (body, edit, space) => {
      const edited = apply(JSON.stringify(body, undefined, space), edit)
      expect(JSON.parse(edited)).toEqual(editedAsObject(body, edit))
    }),
    { numRuns: 2_000 },
  )
})

test.each<[string, ParamPath | undefined]>([
  ['temperature', ['temperature']],
  ['a.b[0].c', ['a', 'b', 0, 'c']],
  ['messages[*].content[*].cache_control', ['messages', '*', 'content', '*', 'cache_control']],
  [`tools[0]["x.y"]['z']`, ['tools', 0, 'x.y', 'z']],
  ['', undefined],
  ['.a', undefined],
  ['a.', undefined],
  ['a..b', undefined],
  ['a[', undefined],
  ['a[x]', undefined],
  ['[0]', undefined],
  ['[*].a', undefined],
  ['a[0]b', undefined],
  [`a${'.a'.repeat(40)}`, undefined],
])('the path %s', (text, path) => {
  expect(readParamPath(text)).toEqual(path)
})

function apply(body: string, edits: Partial<ParamEdits>): string {
  const bytes = Buffer.from(body)
  const edited = applyParams(bytes, scanTopLevel(bytes), { ...NO_EDITS, ...edits })
  if (edited === undefined) return body
  expect(edited.members.members).toEqual(scanTopLevel(edited.bytes).members)
  return edited.bytes.toString()
}

function editedAsObject(body: Record<string, unknown>, { defaults, overrides, drops }: ParamEdits): unknown {
  const edited = structuredClone({ ...defaults, ...body, ...overrides })
  for (const path of drops) dropFrom(edited, path)
  return edited
}

function dropFrom(value: unknown, [step, ...rest]: ParamPath): void {
  if (typeof value !== 'object' || value === null || step === undefined) return
  if (Array.isArray(value)) {
    if (step === '*' && rest.length === 0) value.length = 0
    else if (step === '*') for (const item of value) dropFrom(item, rest)
    else if (typeof step === 'number' && rest.length === 0) value.splice(step, 1)
    else if (typeof step === 'number') dropFrom(value[step], rest)
    return
  }
  if (typeof step !== 'string' || !Object.hasOwn(value, step)) return
  if (rest.length === 0) Reflect.deleteProperty(value, step)
  else dropFrom(Reflect.get(value, step), rest)
}

import { expect, test } from 'vitest'
import { holds, type RequestFacts } from './conditions.ts'
import { newPatternBudget, readQuery } from './read-query.ts'
import type { Problem } from './written.ts'

const BODY: Readonly<Record<string, unknown>> = {
  model: 'claude-opus-4-8',
  max_tokens: 4_096,
  stream: true,
  stop_sequences: ['one', 'two'],
  metadata: { user_id: 'u-1' },
  temperature: null,
}

const FACTS: RequestFacts = {
  metadata: { team: 'payments', level: '7', beta: 'true', 'a.b': 'dotted' },
  params: (name) => BODY[name],
  pathname: '/v1/messages',
}

test.each<[unknown, boolean]>([
  [{ 'metadata.team': 'payments' }, true],
  [{ 'metadata.team': { $eq: 'Payments' } }, false],
  [{ 'metadata.a.b': 'dotted' }, true],
  [{ 'metadata.level': 7 }, true],
  [{ 'metadata.beta': true }, true],
  [{ 'metadata.level': { $gt: 6, $lt: 10 } }, true],
  [{ 'metadata.level': { $gt: '10' } }, true],
  [{ 'metadata.team': { $gte: 5 } }, false],
  [{ 'metadata.team': { $lte: 5 } }, false],
  [{ 'metadata.team': { $ne: 'search' } }, true],
  [{ 'metadata.team': { $in: ['search', 'payments'] } }, true],
  [{ 'metadata.team': { $nin: ['search', 'payments'] } }, false],
  [{ 'metadata.team': { $regex: '^pay' } }, true],
  [{ 'metadata.team': { $regex: 'ments$' } }, true],
  [{ 'metadata.team': { $regex: '^ments' } }, false],
  [{ 'params.model': { $regex: 'opus' } }, true],
  [{ 'params.max_tokens': { $gte: 4_096 } }, true],
  [{ 'params.max_tokens': { $lt: 4_096 } }, false],
  [{ 'params.stream': true }, true],
  [{ 'params.stop_sequences.1': 'two' }, true],
  [{ 'params.metadata.user_id': 'u-1' }, true],
  [{ 'params.temperature': null }, true],
  [{ 'params.stop_sequences': { $eq: 'one' } }, false],
  [{ 'url.pathname': '/v1/messages' }, true],
  [{ 'url.pathname': { $ne: '/v1/messages' } }, false],
  [{ $and: [{ 'metadata.team': 'payments' }, { 'params.stream': false }] }, false],
  [{ $or: [{ 'metadata.team': 'search' }, { 'params.stream': true }] }, true],
  [{ 'metadata.team': 'payments', 'params.stream': false }, false],
])('%j is %s', (query, expected) => {
  expect(holds(read(query), FACTS)).toBe(expected)
})

test.each([
  'metadata.nobody',
  'metadata.constructor',
  'params.nothing',
  'params.model.length',
  'params.metadata.toString.name',
])('no comparison holds for %s, which the request does not have', (field) => {
  for (const test of [{ $eq: 'x' }, { $ne: 'x' }, { $nin: ['x'] }, { $gt: 0 }, { $lt: 9 }, { $regex: '.*' }]) {
    expect(holds(read({ [field]: test }), FACTS)).toBe(false)
  }
})

test('only the members that a condition names are read', () => {
  const asked: string[] = []
  const params = (name: string) => void asked.push(name)
  holds(read({ 'metadata.team': 'payments', 'params.model': 'x' }), { ...FACTS, params })
  expect(asked).toEqual(['model'])
})

test.each(['(x+x+)+y', '(a|a)*b', '(.*.*.*.*)*c', '(?:a?){100}a{100}$', String.raw`(\w+\s?)*$`])(
  'the pattern %s ends on a text made against it',
  (pattern) => {
    const team = `${'ax'.repeat(20_000)}!`
    expect(holds(read({ 'metadata.team': { $regex: pattern } }), { ...FACTS, metadata: { team } })).toBeTypeOf(
      'boolean',
    )
  },
)

function read(query: unknown) {
  const problems: Problem[] = []
  const read = readQuery({ value: query, path: 'query', problems }, newPatternBudget())
  if (read === undefined || problems.length > 0) throw new Error(JSON.stringify(problems))
  return read
}

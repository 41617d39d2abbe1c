import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { completeFilter } from './complete-filter.ts'
import { FIELDS, type Field } from './fields.ts'
import type { Pattern, Term } from './filter.ts'
import { parseFilter } from './parse-filter.ts'
import { printFilter } from './print-filter.ts'
import { tellFilter } from './tell-filter.ts'

const problemsOf = (text: string) =>
  parseFilter(text).problems.map(({ from, to, message }) => `${from}-${to} ${message}`)

describe('a filter', () => {
  it('has all the forms that people write', () => {
    const text =
      'model:opus* dev:ana,bo ws:payments status:>=400 cost:>0.50 cache:<60% ttft:>4s -tool:Bash tag.team:pay*,"a b" is:error,cached "retry logic"'
    const { filter, problems } = parseFilter(text)
    expect(problems).toEqual([])
    expect(filter.terms).toEqual([
      { kind: 'text', field: 'model', not: false, any: [['opus', '']] },
      { kind: 'text', field: 'user', not: false, any: [['ana'], ['bo']] },
      { kind: 'text', field: 'workspace', not: false, any: [['payments']] },
      { kind: 'number', field: 'status', not: false, any: [{ from: { value: 400, included: true } }] },
      { kind: 'number', field: 'cost', not: false, any: [{ from: { value: 0.5, included: false } }] },
      { kind: 'number', field: 'cache', not: false, any: [{ to: { value: 60, included: false } }] },
      { kind: 'number', field: 'ttft', not: false, any: [{ from: { value: 4000, included: false } }] },
      { kind: 'text', field: 'tool', not: true, any: [['Bash']] },
      { kind: 'tag', tag: 'team', not: false, any: [['pay', ''], ['a b']] },
      { kind: 'choice', field: 'is', not: false, any: ['error', 'cached'] },
      { kind: 'search', words: 'retry logic' },
    ])
    expect(printFilter(filter)).toBe(
      'model:opus* user:ana,bo workspace:payments status:>=400 cost:>0.5 cache:<60% ttft:>4s -tool:Bash tag.team:pay*,"a b" is:error,cached "retry logic"',
    )
  })

  it.each([
    ['status:4xx', 'status:4xx'],
    ['status:400..499', 'status:4xx'],
    ['status:200', 'status:200'],
    ['tokens.in:150k..1.5m', 'tokens.in:150k..1.5m'],
    ['ttft:<=800ms', 'ttft:<=800ms'],
    ['duration:90s..5m', 'duration:1.5m..5m'],
    ['cost:$1..', 'cost:>=1'],
    ['cost:..0.000000001', 'cost:<=0.000000001'],
    ['provider:@claude', 'provider:@claude'],
    ['provider:claude', 'provider:@claude'],
    ['req_0a1 -ses_9', 'request:req_0a1 -session:ses_9'],
    ['MODEL:x  Is:ERROR', 'model:x is:error'],
    ['model:"a*b"', 'model:"a*b"'],
    ['model:"a*"*b', 'model:"a*"*b'],
    [String.raw`tag."my ""tag":"say \"hi\""`, String.raw`tag."my tag":"say \"hi\""`],
    ['', ''],
  ])('%s is canonically %s', (text, canonical) => {
    const { filter, problems } = parseFilter(text)
    expect(problems).toEqual([])
    expect(printFilter(filter)).toBe(canonical)
    expect(parseFilter(canonical).filter).toEqual(filter)
  })

  it.each([
    ['modle:opus', '0-5 "modle" is no field. Did you mean model?'],
    ['is:eror', '3-7 is has no "eror". Did you mean error?'],
    ['retry', '0-5 Put text that you look for in quotes: "retry".'],
    ['status', '0-6 Say which, such as status:>=400.'],
    ['ttft:>4', '5-7 Say in which unit: 4s or 4ms.'],
    ['cost:>x', '5-7 "x" is not an amount of dollars such as 0.50 or $20.'],
    ['cost:5..1', '5-9 The range ends before it begins; swap its ends.'],
    ['status:..', '7-9 A range needs at least one end, such as 10..20 or 10.. .'],
    ['dev:ana, bo', '7-8 A value is missing here.'],
    ['model:', '5-6 A value is missing here.'],
    ['"open', '0-5 This quotation mark is not closed; add another " at the end.'],
    ['-"words"', '0-8 Text can be searched for, but not left out; take the minus away.'],
    ['tag.:x', '0-6 Say which tag, such as tag.team:payments.'],
    ['a\0b', '0-3 This holds characters that no record can hold.'],
    ['model:opus OR model:haiku', '11-13 Or is a comma between values: model:opus,haiku.'],
    ['constructor', '0-11 Put text that you look for in quotes: "constructor".'],
    ['Since:2h', '0-5 "Since" is no field: times stand beside the filter, in since and until.'],
    ['__proto__:x', '0-9 "__proto__" is no field.'],
    ['is:constructor', '3-14 is has no "constructor".'],
  ])('%j is told where it is wrong and what to write', (text, expected) => {
    expect(problemsOf(text)[0]).toContain(expected)
  })

  it('keeps what it understood beside what it did not', () => {
    expect(printFilter(parseFilter('modle:x status:500 is:nothing,error').filter)).toBe('status:500 is:error')
  })

  it('has at most 2,000 characters and 50 terms', () => {
    expect(problemsOf('x'.repeat(2_001))).toEqual(['0-2001 A filter may have 2000 characters at most.'])
    expect(problemsOf('a:b '.repeat(51))).toEqual(['0-204 A filter may have 50 terms at most.'])
  })

  it('is read without an error whatever it holds', () => {
    const pieces = fc.constantFrom(
      'model',
      ':',
      '"',
      ',',
      '*',
      '-',
      ' ',
      '\\',
      '..',
      '>',
      '=',
      'tag.',
      '5',
      'k',
      '%',
      'is',
      'é',
      '\0',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((each) => each.join('')),
        ),
        fc.nat(40),
        (text, cursor) => {
          const { filter, problems } = parseFilter(text)
          for (const { from, to } of problems) expect(from <= to && to <= text.length).toBe(true)
          tellFilter(filter)
          completeFilter(text, cursor)
          const printed = printFilter(filter)
          if (printed.length <= 2_000) expect(parseFilter(printed)).toEqual({ filter, problems: [] })
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('is the same filter after it was printed', () => {
    fc.assert(
      fc.property(fc.array(anyTerm(), { maxLength: 8 }), (terms) => {
        const printed = printFilter({ terms })
        fc.pre(printed.length <= 2_000)
        expect(parseFilter(printed)).toEqual({ filter: { terms }, problems: [] })
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the sentence', () => {
  it.each([
    ['', 'All requests'],
    ['model:opus* dev:ana,bo is:error', 'Opus requests by Ana or Bo that failed'],
    ['cost:>0.50 -is:cached', 'Requests that cost more than $0.50 and were not answered from the cache'],
    ['-model:claude-haiku-5 ws:payments', 'Non-claude-haiku-5 requests in the workspace payments'],
    ['cache:<60% ttft:>4s', 'Requests with a cache hit rate of less than 60% whose first token took more than 4 s'],
    ['tag.team:core status:4xx', 'Requests with the tag team core with a status of 400 to 499'],
    ['-tool:Bash -stop:max_tokens', 'Requests that did not call Bash and did not stop with max_tokens'],
    ['-dev:ana provider:a "retry logic"', 'Requests not by Ana served by @a in which “retry logic” was said'],
  ])('%s: %s', (text, sentence) => {
    expect(tellFilter(parseFilter(text).filter)).toBe(sentence)
  })
})

describe('completion', () => {
  it('offers names of fields, by their other names too', () => {
    expect(completeFilter('is:error de', 11)).toMatchObject({ from: 9, to: 11, suggestions: [{ text: 'user:' }] })
    expect(completeFilter('-pro', 4).suggestions.map(({ text }) => text)).toEqual(['project:', 'provider:'])
    expect(completeFilter('', 0).suggestions.length).toBe(Object.keys(FIELDS).length + 1)
  })

  it('offers the values of closed lists, and says whose values are wanted of open ones', () => {
    expect(completeFilter('is:cached,re', 12)).toMatchObject({
      from: 10,
      to: 12,
      suggestions: [{ text: 'retried' }, { text: 'refused' }],
    })
    expect(completeFilter('dev:ana,b', 9)).toEqual({
      from: 8,
      to: 9,
      suggestions: [],
      values: { field: 'user', typed: 'b' },
    })
    expect(completeFilter('tag.team:p', 10).values).toEqual({ field: 'tag.team', typed: 'p' })
  })
})

it('every field’s example is one that is understood, and of that field', () => {
  for (const [name, field] of Object.entries<Field>(FIELDS)) {
    const { filter, problems } = parseFilter(field.example)
    expect([name, problems]).toEqual([name, []])
    expect(filter.terms).toMatchObject([{ field: name }])
  }
})

function anyTerm(): fc.Arbitrary<Term> {
  const literal = fc
    .oneof(fc.string({ maxLength: 12, unit: 'binary' }), fc.constantFrom('a"b', 'c,d', '-', '..', '\\', '@x', 'a b'))
    .filter((text) => !text.includes('\0'))
  const pattern: fc.Arbitrary<Pattern> = fc
    .array(literal, { minLength: 1, maxLength: 3 })
    // Nothing between two stars is one star.
    .filter((pieces) => pieces.slice(1, -1).every((piece) => piece !== ''))
  const not = fc.boolean()
  const some = <Value>(value: fc.Arbitrary<Value>) => fc.array(value, { minLength: 1, maxLength: 3 })
  const fields = (kind: Field['kind']) =>
    fc.constantFrom(
      ...Object.entries<Field>(FIELDS)
        .filter(([, field]) => field.kind === kind)
        .map(([name]) => name),
    )
  const choice = fields('choice').chain((field) =>
    fc.record({
      kind: fc.constant('choice' as const),
      field: fc.constant(field),
      not,
      any: some(
        fc.constantFrom(...Object.keys((FIELDS as unknown as Record<string, { choices: object }>)[field]!.choices)),
      ),
    }),
  )
  return fc.oneof(
    fc.record({ kind: fc.constant('text' as const), field: fields('text'), not, any: some(pattern) }),
    fc.record({ kind: fc.constant('tag' as const), tag: literal.filter((tag) => tag !== ''), not, any: some(pattern) }),
    choice,
    fields('number').chain((field) =>
      fc.record({ kind: fc.constant('number' as const), field: fc.constant(field), not, any: some(anyBounds()) }),
    ),
    fc.record({ kind: fc.constant('search' as const), words: literal.filter((text) => text.trim() !== '') }),
  )
}

function anyBounds(): fc.Arbitrary<Extract<Term, { kind: 'number' }>['any'][number]> {
  const value = fc.oneof(
    fc.integer({ min: 0, max: 999_999_999 }),
    fc.integer({ min: 0, max: 99_999 }).map((cents) => cents / 100),
  )
  const bound = fc.record({ value, included: fc.boolean() })
  return fc.oneof(
    bound.map((from) => ({ from })),
    bound.map((to) => ({ to })),
    fc.tuple(value, value).map(([one, other]) => ({
      from: { value: Math.min(one, other), included: true },
      to: { value: Math.max(one, other), included: true },
    })),
  )
}

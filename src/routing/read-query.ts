import { RE2JS, RE2JSException } from 're2js'
import type { Comparison, Query } from './routing-config.ts'
import { complain, entriesOf, readList, readText, suggest, whole, type Written } from './written.ts'

const DEPTH_MAX = 16
const PARTS_MAX = 100
const VALUES_MAX = 1_000
const PATTERN_LENGTH_MAX = 512
/** In re2js's own measure of what a pattern costs for each letter of its input. */
const PATTERN_SIZE_MAX = 500
/** Matching takes time linear in the text, for a steep pattern some microseconds a letter: of a long text, only the beginning is looked at. */
const MATCHED_LENGTH_MAX = 2_048

const ORDERED = ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'] as const
const LISTED = ['$in', '$nin'] as const
const OPERATORS = [...ORDERED, ...LISTED, '$regex'] as const
type Operator = (typeof OPERATORS)[number]

/** How many patterns a document may still have: each takes milliseconds to make ready, and a config may come with a request. */
export interface PatternBudget {
  left: number
  /** Of the sizes of all of them together: a request may meet every one, and nobody else is served meanwhile. */
  sizeLeft: number
}

const PATTERNS_MAX = 50
const SIZES_MAX = 3_000

export function newPatternBudget(): PatternBudget {
  return { left: PATTERNS_MAX, sizeLeft: SIZES_MAX }
}

/** Reads a condition: `{ "metadata.team": { "$eq": "payments" } }`, several of them together, or `$and` and `$or` of such. */
export function readQuery(written: Written, patterns: PatternBudget, depth = 0): Query | undefined {
  if (depth === DEPTH_MAX) return complain(written, `is nested deeper than ${DEPTH_MAX} levels`)
  const entries = entriesOf(written)
  if (entries === undefined) return undefined
  if (entries.length === 0) return complain(written, 'is empty; name a field, such as "metadata.team"')
  return joined('and', whole(entries.map(([name, member]) => readEntry(name, member, patterns, depth))))
}

function readEntry(name: string, member: Written, patterns: PatternBudget, depth: number): Query | undefined {
  if (name === '$and' || name === '$or') {
    const items = readList(member, { max: PARTS_MAX })
    if (items?.length === 0) return complain(member, 'is empty; list the conditions it joins')
    return joined(name === '$and' ? 'and' : 'or', whole(items?.map((item) => readQuery(item, patterns, depth + 1))))
  }
  const field = readField(name, member)
  const tests = readTests(member, patterns)
  if (field === undefined || tests === undefined) return undefined
  return joined(
    'and',
    tests.map((test) => ({ kind: 'compare', field, test })),
  )
}

function joined(kind: 'and' | 'or', parts: readonly Query[] | undefined): Query | undefined {
  return parts?.length === 1 ? parts[0] : parts && { kind, parts }
}

/** Tags are flat, so that a dot in one belongs to its name; the body is a tree. */
function readField(name: string, member: Written): readonly string[] | undefined {
  if (name === 'url.pathname') return ['url', 'pathname']
  if (name.startsWith('metadata.') && name.length > 9) return ['metadata', name.slice(9)]
  const steps = name.split('.')
  if (steps[0] === 'params' && steps.length > 1 && !steps.includes('')) return steps
  if (name.startsWith('$')) return complain(member, `is not an operator that joins conditions; these are $and and $or`)
  if (steps[0] === 'headers') return complain(member, 'asks for a header, which conditions cannot; send it as metadata')
  return complain(member, 'is not a field; conditions can ask for metadata.…, params.… and url.pathname')
}

function readTests(member: Written, patterns: PatternBudget): readonly Comparison[] | undefined {
  const { value } = member
  if (isPlain(value)) return [{ operator: '$eq', value }]
  if (Array.isArray(value)) return complain(member, 'is a list; for one of several values write { "$in": […] }')
  const entries = entriesOf(member)
  if (entries?.length === 0)
    return complain(member, 'is empty; write an operator and a value, such as { "$eq": "payments" }')
  return whole(entries?.map(([name, operand]) => readTest(name, operand, patterns)))
}

function readTest(name: string, operand: Written, patterns: PatternBudget): Comparison | undefined {
  const operator = OPERATORS.find((each) => each === name)
  if (operator === undefined) {
    const nearest = suggest(operand, name, OPERATORS)
    const hint = nearest === undefined ? `these are ${OPERATORS.join(', ')}` : `did you mean ${nearest}?`
    return complain(operand, `is not an operator; ${hint}`)
  }
  if (operator === '$regex') return readPattern(operand, patterns)
  if (isListed(operator)) {
    const items = readList(operand, { max: VALUES_MAX })
    const values = whole(items?.map((item) => (isPlain(item.value) ? { value: item.value } : notPlain(item))))
    return values && { operator, values: values.map(({ value }) => value) }
  }
  return isPlain(operand.value) ? { operator, value: operand.value } : notPlain(operand)
}

function isListed(operator: Operator): operator is (typeof LISTED)[number] {
  return operator === '$in' || operator === '$nin'
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function notPlain(operand: Written): undefined {
  return complain(operand, 'has to be text, a number, true, false or null')
}

function readPattern(operand: Written, patterns: PatternBudget): Comparison | undefined {
  patterns.left -= 1
  if (patterns.left < 0)
    return complain(operand, `is one more than the ${PATTERNS_MAX} patterns that a config may have`)
  const pattern = readText(operand, { max: PATTERN_LENGTH_MAX })
  if (pattern === undefined) return undefined
  const compiled = compile(pattern)
  if (typeof compiled === 'string') return complain(operand, `is not a pattern of RE2: ${compiled}`)
  if (compiled.programSize() > PATTERN_SIZE_MAX)
    return complain(operand, 'is too large a pattern; use smaller repetitions')
  patterns.sizeLeft -= compiled.programSize()
  if (patterns.sizeLeft < 0)
    return complain(operand, 'makes the patterns of this config too large together; use fewer, or smaller ones')
  return { operator: '$regex', matches: (text) => compiled.test(text.slice(0, MATCHED_LENGTH_MAX)) }
}

function compile(pattern: string): RE2JS | string {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    if (error instanceof RE2JSException) return error.message
    throw error
  }
}

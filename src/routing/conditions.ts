import type { Comparison, Query } from './routing-config.ts'

/** What a condition may look at. */
export interface RequestFacts {
  readonly metadata: Readonly<Record<string, string>>
  /** A top-level member of the body, parsed; undefined when it is missing or cannot be read. Asked only for members that a condition names. */
  readonly params: (name: string) => unknown
  /** `/v1/messages`, without the query. */
  readonly pathname: string
}

/** Whether a condition holds for this request. What the request does not have makes any comparison false, also `$ne` and `$nin`. Never throws. */
export function holds(query: Query, facts: RequestFacts): boolean {
  switch (query.kind) {
    case 'and':
      return query.parts.every((part) => holds(part, facts))
    case 'or':
      return query.parts.some((part) => holds(part, facts))
    case 'compare': {
      const actual = look(query.field, facts)
      return actual !== undefined && passes(actual, query.test)
    }
  }
}

function look([root, ...steps]: readonly string[], { metadata, params, pathname }: RequestFacts): unknown {
  const [name = '', ...deeper] = steps
  if (root === 'url') return pathname
  if (root === 'metadata') return Object.hasOwn(metadata, name) ? metadata[name] : undefined
  return deeper.reduce<unknown>(inside, params(name))
}

/** Names of lists are their indices; what every object and list inherits is not part of the body. */
function inside(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

type Plain = string | number | boolean | null

function passes(actual: unknown, test: Comparison): boolean {
  switch (test.operator) {
    case '$eq':
      return equals(actual, test.value)
    case '$ne':
      return !equals(actual, test.value)
    case '$in':
      return test.values.some((value) => equals(actual, value))
    case '$nin':
      return !test.values.some((value) => equals(actual, value))
    case '$regex':
      return isText(actual) && test.matches(String(actual))
    case '$gt':
      return compare(actual, test.value, (difference) => difference > 0)
    case '$gte':
      return compare(actual, test.value, (difference) => difference >= 0)
    case '$lt':
      return compare(actual, test.value, (difference) => difference < 0)
    case '$lte':
      return compare(actual, test.value, (difference) => difference <= 0)
  }
}

/** Metadata is always text: `"5"` is 5, and `"true"` is true. */
function equals(actual: unknown, wanted: Plain): boolean {
  if (typeof actual === 'string' && wanted !== null) return actual === String(wanted)
  return actual === wanted
}

/** Numbers as numbers, also when one of them is written as text; two texts letter by letter; anything else has no order. */
function compare(actual: unknown, wanted: Plain, fits: (difference: number) => boolean): boolean {
  if (typeof actual === 'string' && typeof wanted === 'string') {
    return fits(actual < wanted ? -1 : actual > wanted ? 1 : 0)
  }
  return fits(numberOf(actual) - numberOf(wanted))
}

/** Not a number, which nothing fits, for whatever is none. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
}

function isText(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

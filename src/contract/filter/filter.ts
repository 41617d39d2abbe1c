/*
 * A filter over records, as people write it (`model:opus* dev:ana,bo cost:>0.50 -is:cached "retry logic"`), once it is
 * understood. fields.ts says which fields there are; parse-filter.ts reads the text, print-filter.ts writes it again.
 */

/** All of its terms have to hold. */
export interface Filter {
  readonly terms: readonly Term[]
}

export type Term = TextTerm | TagTerm | NumberTerm | ChoiceTerm | SearchTerm

/** One of the values has to match; with `not`, none. */
export interface TextTerm {
  readonly kind: 'text'
  readonly field: string
  readonly not: boolean
  readonly any: readonly Pattern[]
}

/** The same of a tag by its name. */
export interface TagTerm {
  readonly kind: 'tag'
  readonly tag: string
  readonly not: boolean
  readonly any: readonly Pattern[]
}

/** In the field's own unit: dollars, milliseconds, percent, bytes, or a count. */
export interface NumberTerm {
  readonly kind: 'number'
  readonly field: string
  readonly not: boolean
  readonly any: readonly Bounds[]
}

/** Of a closed list, such as `is:error`. */
export interface ChoiceTerm {
  readonly kind: 'choice'
  readonly field: string
  readonly not: boolean
  readonly any: readonly string[]
}

/** Words that stand in what was said. */
export interface SearchTerm {
  readonly kind: 'search'
  readonly words: string
}

/** Literal pieces with anything between them: `['opus', '']` is `opus*`, `['opus']` is `opus` and nothing else. */
export type Pattern = readonly string[]

/** A missing end is open. */
export interface Bounds {
  readonly from?: Bound
  readonly to?: Bound
}

export interface Bound {
  readonly value: number
  readonly included: boolean
}

/** What is wrong with a text, and where: characters from `from` up to `to`. */
export interface Problem {
  readonly from: number
  readonly to: number
  /** A sentence that says what to change. */
  readonly message: string
}

/** Longer texts are refused unread. */
export const FILTER_LENGTH_MAX = 2_000

export const FILTER_TERMS_MAX = 50

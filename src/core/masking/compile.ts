import { RE2JS, RE2JSException } from 're2js'
import type { MaskingRule } from '../record-rules.ts'
import { BUILT_IN_RULES, type BuiltInRule } from './built-in.ts'
import type { Find, Finder } from './finder.ts'

/** Of one pattern, in letters and in re2js's own measure of what it costs for each letter of the text. */
export const PATTERN_LENGTH_MAX = 512
export const PATTERN_SIZE_MAX = 500
/** Of all patterns that hold for one caller together: every new byte of a session meets all of them. */
export const PATTERN_SIZES_MAX = 3_000

/**
 * The rules of a caller, ready to be used: all that find secrets, and of the others those that are named. Throws where a
 * name is none, and a pattern is none: better that nothing is kept than that it is kept unmasked.
 */
export function compileRules(rules: readonly MaskingRule[]): Finder[] {
  const named = new Set(rules.filter(({ pattern }) => pattern === undefined).map(({ name }) => name))
  for (const name of named) if (!isBuiltIn(name)) throw new Error(`No masking rule is called ${name}`)
  const finders: Finder[] = Object.entries<BuiltInRule>(BUILT_IN_RULES)
    .filter(([name, { isSecret }]) => isSecret || named.has(name))
    .map(([name, { find }]) => ({ name, find }))
  const seen = new Set<string>()
  for (const { name, pattern } of rules) {
    if (pattern === undefined || seen.has(pattern)) continue
    seen.add(pattern)
    const compiled = compilePattern(pattern)
    if (typeof compiled === 'string') throw new Error(`The pattern of the masking rule ${name} ${compiled}`)
    finders.push({ name, find: compiled.find })
  }
  return finders
}

export function isBuiltIn(name: string): boolean {
  return Object.hasOwn(BUILT_IN_RULES, name)
}

/** A pattern of an administrator, ready to be used. */
export interface CompiledPattern {
  /** What it costs, to be held against `PATTERN_SIZES_MAX`. */
  readonly size: number
  readonly find: Find
}

/** Compiles a pattern in the syntax of RE2, or says what is wrong with it: words that go on behind its name. */
export function compilePattern(pattern: string): CompiledPattern | string {
  if (pattern.length === 0) return 'is empty'
  if (pattern.length > PATTERN_LENGTH_MAX) return `is longer than ${PATTERN_LENGTH_MAX} letters`
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(pattern)
  } catch (error) {
    if (error instanceof RE2JSException) return `is not a pattern of RE2: ${error.message}`
    throw error
  }
  const size = compiled.programSize()
  if (size > PATTERN_SIZE_MAX) return 'is too large; use smaller repetitions'
  if (compiled.test('')) return 'matches nothing at all, and so everywhere; have it begin with what it looks for'
  return { size, find: findBy(compiled) }
}

/** To know that there is nothing takes a tenth of the time that it takes to know where. */
function findBy(expression: RE2JS): Find {
  return (text, found) => {
    if (!expression.test(text)) return
    const matcher = expression.matcher(text)
    while (matcher.find()) found(matcher.start(), matcher.end())
  }
}

import { nearestName } from '../core/spelling.ts'

/*
 * A document as somebody wrote it: values with the place where they stand, so that every problem can name its own. Readers answer undefined for
 * what they cannot take and go on, so that all problems of a document are told together.
 */

/** What is wrong, and where: `config.targets[1].retry.attempts` · `has to be a whole number from 0 to 5`. */
export interface Problem {
  /** As people write it. */
  readonly path: string
  /** Follows the path in a sentence. */
  readonly message: string
}

/** A value of a document, and where it stands. */
export interface Written {
  readonly value: unknown
  readonly path: string
  /** Shared by the whole document. */
  readonly problems: Problem[]
}

/** Whoever has so many slips to mend needs no more. */
const PROBLEMS_MAX = 100

export function complain(at: Pick<Written, 'path' | 'problems'>, message: string): undefined {
  if (at.problems.length < PROBLEMS_MAX) at.problems.push({ path: at.path, message })
  return undefined
}

/** The known name that was probably meant; none once there are more problems than are told, as looking for it takes time. */
export function suggest(at: Pick<Written, 'problems'>, name: string, known: Iterable<string>): string | undefined {
  return at.problems.length < PROBLEMS_MAX ? nearestName(name, known) : undefined
}

/** The members of an object, by the names that the documentation gives them. */
export type Fields<Name extends string> = { readonly [name in Name]?: Written }

/** Names with the sentence that says why a member is not taken. */
export type Unserved = (name: string) => string | undefined

/**
 * Opens an object whose members are all known. Both spellings of a name are taken, `on_status_codes` and `onStatusCodes`; a member that nobody
 * knows is a problem that names the nearest one.
 */
export function readFields<Name extends string>(
  written: Written,
  names: readonly Name[],
  unserved: Unserved = () => undefined,
): Fields<Name> | undefined {
  const entries = entriesOf(written)
  if (entries === undefined) return undefined
  const fields: { [name in Name]?: Written } = {}
  for (const [spelling, member] of entries) {
    const name = names.find((each) => each === spelling || each === snakeCase(spelling))
    if (name === undefined) complain(member, unserved(snakeCase(spelling)) ?? unknownMember(member, spelling, names))
    else if (fields[name] !== undefined) complain(member, `stands twice, in two spellings; keep ${name}`)
    else fields[name] = member
  }
  return fields
}

function unknownMember(member: Written, spelling: string, names: readonly string[]): string {
  const nearest = suggest(member, spelling, names)
  if (nearest !== undefined) return `is not known; did you mean ${nearest}?`
  return `is not known; here may stand ${names.join(', ')}`
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The members of an object with whatever names; undefined, and a problem, when it is none. Members without a value are absent. */
export function entriesOf(written: Written): readonly (readonly [string, Written])[] | undefined {
  const { value } = written
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return complain(written, `has to be an object, not ${nameOfKind(value)}`)
  }
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
    member === undefined ? [] : [[name, inside(written, name, member)] as const],
  )
}

export function readList(written: Written, { max }: { readonly max: number }): readonly Written[] | undefined {
  const { value } = written
  if (!Array.isArray(value)) return complain(written, `has to be a list, not ${nameOfKind(value)}`)
  if (value.length > max) return complain(written, `has ${value.length} entries; more than ${max} are not taken`)
  return value.map((item: unknown, index) => ({ ...written, value: item, path: `${written.path}[${index}]` }))
}

export function readText(written: Written, { max }: { readonly max: number }): string | undefined {
  const { value } = written
  if (typeof value !== 'string') return complain(written, `has to be text, not ${nameOfKind(value)}`)
  if (value === '') return complain(written, 'may not be empty')
  if (value.length > max) return complain(written, `has ${value.length} letters; more than ${max} are not taken`)
  return value
}

export function readTexts(written: Written, limits: { readonly max: number }): readonly string[] | undefined {
  return whole(readList(written, limits)?.map((item) => readText(item, { max: TEXT_MAX })))
}

const TEXT_MAX = 1_000

export function readChoice<Choice extends string>(written: Written, choices: readonly Choice[]): Choice | undefined {
  const found = choices.find((choice) => choice === written.value)
  if (found !== undefined) return found
  const nearest = typeof written.value === 'string' ? suggest(written, written.value, choices) : undefined
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  return complain(written, `has to be one of ${choices.join(', ')}${hint}`)
}

export function readBoolean(written: Written): boolean | undefined {
  return typeof written.value === 'boolean' ? written.value : complain(written, 'has to be true or false')
}

export interface Range {
  readonly min: number
  readonly max: number
  /** Such as `milliseconds`. */
  readonly unit?: string
}

export function readWholeNumber(written: Written, range: Range): number | undefined {
  const { value } = written
  if (typeof value === 'number' && Number.isInteger(value) && value >= range.min && value <= range.max) return value
  return complain(written, `has to be a whole number ${extentOf(range)}`)
}

export function readNumber(written: Written, range: Range): number | undefined {
  const { value } = written
  if (typeof value === 'number' && value >= range.min && value <= range.max) return value
  return complain(written, `has to be a number ${extentOf(range)}`)
}

export function readStatusCodes(written: Written): ReadonlySet<number> | undefined {
  const codes = whole(readList(written, { max: 500 })?.map((item) => readWholeNumber(item, { min: 100, max: 599 })))
  return codes === undefined ? undefined : new Set(codes)
}

/** The list when every entry could be read. */
export function whole<Item>(items: readonly (Item | undefined)[] | undefined): readonly Item[] | undefined {
  return items?.every((item) => item !== undefined) === true ? items : undefined
}

function extentOf({ min, max, unit }: Range): string {
  const of = unit === undefined ? '' : ` of ${unit}`
  return max === Number.MAX_VALUE ? `of ${min} or more` : `from ${min} to ${max}${of}`
}

function nameOfKind(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return (
    { string: 'text', object: 'an object', number: 'a number', boolean: 'true or false' }[typeof value as string] ??
    'that'
  )
}

/** Names that do not read as a name stand in brackets. */
function inside(written: Written, name: string, value: unknown): Written {
  const short = name.length > NAME_SHOWN_MAX ? `${name.slice(0, NAME_SHOWN_MAX)}…` : name
  const path = /^[\w$.-]+…?$/.test(short) ? `${written.path}.${short}` : `${written.path}[${JSON.stringify(short)}]`
  return { ...written, value, path }
}

const NAME_SHOWN_MAX = 80

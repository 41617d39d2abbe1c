import { JsonError } from './json-error.ts'
import {
  BACKSLASH,
  LOWER_U,
  QUOTE,
  decodeString,
  endOfExactString,
  endOfKnownString,
  endOfString,
  isWordAt,
} from './json-strings.ts'

export { JsonError } from './json-error.ts'

/*
 * JSON as bytes. A body of some 300 KB is forwarded as it came, so it is never parsed as a whole: one pass notes where the
 * top-level members lie, single members are read on demand, and an edit exchanges the bytes of one member.
 */

/** Byte positions of one top-level member; `[valueStart, valueEnd)` holds its value without surrounding space. */
export interface Member {
  /** Decoded: `"mod\u0065l"` is `model`, so that an odd spelling cannot dodge a policy. */
  readonly name: string
  /** Of the opening quote of the name. */
  readonly nameStart: number
  readonly valueStart: number
  readonly valueEnd: number
}

/** The top-level members of a JSON object, in the order in which they stand. */
export interface TopLevel {
  readonly members: readonly Member[]
  /** The member of that name; the last one if it stands twice, as `JSON.parse` would have it. */
  find(name: string): Member | undefined
  /** Names that stand more than once: two readers of such a body may disagree about it. */
  readonly repeated: readonly string[]
  /** Watched words in nested values, as `mayHave` reads them. */
  readonly noted: number
  /** Where the very long strings in nested values begin and end, in turns and in order. Most bytes of a body lie in them. */
  readonly longStrings: readonly number[]
}

/**
 * Strings that somebody looks for in nested values, as a name or as a value. The scan notes them on its way, because it passes over every string
 * anyway; a native search takes 15 to 60 µs for each of them in 300 KB.
 */
const WATCHED = ['1h', 'image', 'document', 'cache_control'] as const

/** Whether a nested value has this string in it; also true when one begins like it and has an escape for a letter that needs none. */
export function mayHave({ noted }: TopLevel, word: (typeof WATCHED)[number]): boolean {
  return (noted & (ODD | (1 << WATCHED.indexOf(word)))) !== 0
}

/** One replacement: bytes `[start, end)` give way to `by`. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly by: Buffer
}

/** How much of a member `parseMember` is willing to build in memory. */
export interface ParseLimits {
  readonly bytesMax: number
  /** Nested arrays and objects; a plain value has depth 0. */
  readonly depthMax: number
}

/** Deeper than any tool schema seen, and shallow enough for whatever parses the body behind us. */
const DEPTH_MAX = 256

/** A Messages body has some twenty members; unknown ones are kept, but not without end. */
const MEMBERS_MAX = 1_000

const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const DIGIT_0 = 0x30
const DIGIT_2 = 0x32
const DIGIT_7 = 0x37

/**
 * Notes the top-level members of a JSON object in one pass. Throws `JsonError` for anything but one whole object: a byte
 * order mark, a cut or trailing text, brackets that do not match, more than 256 levels or 1,000 members.
 *
 * Exact are the grammar of the top level, its names, and its strings, numbers and literals. Inside nested values only
 * strings, brackets and the letters allowed between them are checked: a slip there (a missing comma, a control character
 * in a string) is left to whoever parses that value.
 */
export function scanTopLevel(bytes: Buffer): TopLevel {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new JsonError('The JSON begins with a byte order mark; send it without one', 0)
  }
  let at = skipSpace(bytes, 0)
  if (at === bytes.length) throw new JsonError('The JSON is empty', at)
  if (bytes[at] !== OPEN_BRACE) throw new JsonError('The JSON is not an object', at)

  const members: Member[] = []
  noted = 0
  longStrings = []
  at = skipSpace(bytes, scanMembers(bytes, at, members))
  if (at < bytes.length) throw new JsonError('The JSON goes on after its end', at)
  return {
    members,
    find: (name) => members.findLast((member) => member.name === name),
    repeated: repeatedNames(members),
    noted,
    longStrings,
  }
}

/** From the opening brace to behind the closing one. */
function scanMembers(bytes: Buffer, open: number, members: Member[], ends?: KnownEnds): number {
  let at = skipSpace(bytes, open + 1)
  if (bytes[at] === CLOSE_BRACE) return at + 1
  for (;;) {
    if (members.length === MEMBERS_MAX) throw new JsonError(`The JSON has more than ${MEMBERS_MAX} members`, at)
    const nameStart = at
    if (bytes[at] !== QUOTE) throw unexpected(bytes, at, 'a member name')
    at = endOfExactString(bytes, at)
    const name = decodeString(bytes, nameStart, at)
    at = skipSpace(bytes, at)
    if (bytes[at] !== COLON) throw unexpected(bytes, at, 'a colon')
    const valueStart = skipSpace(bytes, at + 1)
    const valueEnd = ends === undefined ? endOfValue(bytes, valueStart) : endOfInner(bytes, valueStart, ends)
    members.push({ name, nameStart, valueStart, valueEnd })
    at = skipSpace(bytes, valueEnd)
    if (bytes[at] === CLOSE_BRACE) return at + 1
    if (bytes[at] !== COMMA) throw unexpected(bytes, at, 'a comma or the end of the object')
    at = skipSpace(bytes, at + 1)
  }
}

function repeatedNames(members: readonly Member[]): readonly string[] {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const { name } of members) (seen.has(name) ? repeated : seen).add(name)
  return [...repeated]
}

/** Where one value stands, without surrounding space. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** More than the 100,000 messages that the API takes. */
const ELEMENTS_MAX = 120_000

/** Ends of long nested values, so that whoever goes down level by level passes over the same bytes once, or not at all. */
export interface KnownEnds {
  /** By their starts, as found on the way down. */
  readonly values: Map<number, number>
  /** As the scan has left them. */
  readonly strings: readonly number[]
}

/** Nothing yet, but for what a scan of the same bytes has left. */
export function knownEnds(scanned?: TopLevel): KnownEnds {
  return { values: new Map(), strings: scanned?.longStrings ?? [] }
}

/** Shorter values are walked again sooner than looked up. */
const LONG = 128

/** From here on it pays to remember a string for whoever walks after the scan. */
const VERY_LONG = 256

/**
 * The members of a nested value, in the order in which they stand; none when it is no object. As exact about this one level as
 * `scanTopLevel` is about the top, but for strings that are values: those are checked by `readNestedString`. `start` is the first byte
 * of a value that a scan has found; `ends` belongs to these bytes. Throws `JsonError`.
 */
export function membersOf(bytes: Buffer, start: number, ends: KnownEnds): readonly Member[] {
  const members: Member[] = []
  if (bytes[start] === OPEN_BRACE) scanMembers(bytes, start, members, ends)
  return members
}

/** The elements of a nested value; none when it is no array. Exact and throwing as `membersOf`; at most 120,000 elements. */
export function elementsOf(bytes: Buffer, start: number, ends: KnownEnds): readonly Span[] {
  const elements: Span[] = []
  if (bytes[start] !== OPEN_BRACKET) return elements
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === CLOSE_BRACKET) return elements
  for (;;) {
    if (elements.length === ELEMENTS_MAX) throw new JsonError(`A list has more than ${ELEMENTS_MAX} elements`, at)
    const end = endOfInner(bytes, at, ends)
    elements.push({ start: at, end })
    at = skipSpace(bytes, end)
    if (bytes[at] === CLOSE_BRACKET) return elements
    if (bytes[at] !== COMMA) throw unexpected(bytes, at, 'a comma or the end of the list')
    at = skipSpace(bytes, at + 1)
  }
}

/** What a byte means between the strings of a nested value. */
const STRUCTURE = new Uint8Array(256)
const PLAIN = 1
const STRING = 2
const OPEN = 3
const CLOSE = 4
for (const letter of ' \t\n\r,:+-.0123456789eEtrufalsn') STRUCTURE[letter.charCodeAt(0)] = PLAIN
STRUCTURE[QUOTE] = STRING
for (const letter of '{[') STRUCTURE[letter.charCodeAt(0)] = OPEN
for (const letter of '}]') STRUCTURE[letter.charCodeAt(0)] = CLOSE

function endOfValue(bytes: Buffer, start: number): number {
  switch (STRUCTURE[bytes[start] ?? 0]) {
    case STRING:
      return endOfExactString(bytes, start)
    case OPEN:
      return endOfNested(bytes, start)
    default:
      return endOfScalar(bytes, start)
  }
}

/** The end of a value inside a nested one: perhaps noted before, and its strings not looked into. */
function endOfInner(bytes: Buffer, start: number, ends: KnownEnds): number {
  const known = ends.values.get(start)
  if (known !== undefined) return known
  switch (STRUCTURE[bytes[start] ?? 0]) {
    case STRING:
      return endOfKnownString(bytes, start, ends.strings)
    case OPEN:
      return endOfNested(bytes, start, ends)
    default:
      return endOfScalar(bytes, start)
  }
}

/** Brackets that still wait for their partner; the object around them is the first level. Reading is synchronous, so one will do. */
const waiting = new Uint8Array(DEPTH_MAX)
/** Where those brackets stand. */
const opened = new Float64Array(DEPTH_MAX)

function endOfNested(bytes: Buffer, start: number, ends?: KnownEnds): number {
  const { length } = bytes
  let depth = 0
  for (let at = start; at < length; at += 1) {
    const byte = bytes[at]!
    switch (STRUCTURE[byte]) {
      case PLAIN:
        break
      case STRING: {
        const end = ends === undefined ? endOfString(bytes, at) : endOfKnownString(bytes, at, ends.strings)
        if (ends === undefined) noteString(bytes, at, end)
        at = end - 1
        break
      }
      case OPEN:
        // The object around counts too.
        if (depth + 1 === DEPTH_MAX) throw new JsonError(`The JSON is nested deeper than ${DEPTH_MAX} levels`, at)
        // In ASCII both closing brackets stand two behind their opening ones.
        waiting[depth] = byte + 2
        opened[depth] = at
        depth += 1
        break
      case CLOSE:
        depth -= 1
        if (waiting[depth] !== byte) throw new JsonError('A bracket is closed by the wrong partner', at)
        if (at - opened[depth]! > LONG) ends?.values.set(opened[depth]!, at + 1)
        if (depth === 0) return at + 1
        break
      default:
        throw unexpected(bytes, at, 'a value')
    }
  }
  throw new JsonError('The JSON ends too early', length)
}

/** Of the scan under way. */
let longStrings: number[] = []

function noteString(bytes: Buffer, start: number, end: number): void {
  if (end - start > VERY_LONG) longStrings.push(start, end)
  else if (end - start <= LONG && MAY_BEGIN[bytes[start + 1]!] === 1) noteWord(bytes, start, end)
}

/** What the scan under way has noted: a bit for each watched word, and one for what may be any of them in odd spelling. */
let noted = 0
const ODD = 1 << 30

/** Places of watched words in their list, by the bytes that they take with their quotes: no two take the same. */
const WORD_OF_LENGTH = new Int8Array(LONG + 1).fill(-1)
for (const [place, word] of WATCHED.entries()) WORD_OF_LENGTH[word.length + 2] = place

/** First bytes of strings that may be a watched word, also of one in odd spelling. */
const MAY_BEGIN = new Uint8Array(256)
for (const word of WATCHED) MAY_BEGIN[word.charCodeAt(0)] = 1
MAY_BEGIN[BACKSLASH] = 1

/** Longer strings than are looked at here are no words, however each of their letters is spelled. */
function noteWord(bytes: Buffer, start: number, end: number): void {
  const word = WORD_OF_LENGTH[end - start]!
  if (word !== -1 && isWordAt(bytes, start + 1, WATCHED[word]!)) noted |= 1 << word
  for (let at = start + 1; at < end; at += 1) {
    if (bytes[at] !== BACKSLASH) continue
    if (bytes[at + 1] === LOWER_U && isOddEscape(bytes, at)) noted |= ODD
    at += 1
  }
}

/** Some writers of JSON escape `"`, `&`, `'`, `<`, `>` and delete; none of them stands in a word that decides anything. */
const ESCAPED_BY_HABIT = new Set(['22', '26', '27', '3c', '3e', '7f'])

/** `\u0020` to `\u007f`, but for the habits: nobody writes a letter so, but to be misread. */
function isOddEscape(bytes: Buffer, backslash: number): boolean {
  if (bytes[backslash + 2] !== DIGIT_0 || bytes[backslash + 3] !== DIGIT_0) return false
  const digit = bytes[backslash + 4]!
  if (digit < DIGIT_2 || digit > DIGIT_7) return false
  return !ESCAPED_BY_HABIT.has(bytes.toString('latin1', backslash + 4, backslash + 6).toLowerCase())
}

const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/

function endOfScalar(bytes: Buffer, start: number): number {
  let end = start
  while (end < bytes.length && !endsScalar(bytes[end]!)) end += 1
  if (!SCALAR.test(bytes.toString('latin1', start, end))) throw unexpected(bytes, start, 'a value')
  return end
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte)
}

function isSpace(byte: number | undefined): boolean {
  return byte !== undefined && byte <= 0x20 && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from
  while (isSpace(bytes[at])) at += 1
  return at
}

function unexpected(bytes: Buffer, at: number, wanted: string): JsonError {
  return new JsonError(at >= bytes.length ? 'The JSON ends too early' : `The JSON should have ${wanted} here`, at)
}

/** The value of a member if it is a string. */
export function readString(bytes: Buffer, member: Member | undefined): string | undefined {
  if (member === undefined || bytes[member.valueStart] !== QUOTE) return undefined
  return decodeString(bytes, member.valueStart, member.valueEnd)
}

/** A value inside a nested one if it is a string. Throws `JsonError` for one that `JSON.parse` would not take. */
export function readNestedString(bytes: Buffer, start: number): string | undefined {
  return bytes[start] === QUOTE ? decodeString(bytes, start, endOfExactString(bytes, start)) : undefined
}

/** The value of a member if it is `true` or `false`. */
export function readBoolean(bytes: Buffer, member: Member | undefined): boolean | undefined {
  if (member === undefined) return undefined
  // The scan has let no other word begin with these letters.
  if (bytes[member.valueStart] === 0x74) return true
  return bytes[member.valueStart] === 0x66 ? false : undefined
}

/** The value of a member if it is a whole number that a double holds exactly; `1e3` and `1.0` are whole numbers. */
export function readInteger(bytes: Buffer, member: Member | undefined): number | undefined {
  if (member === undefined) return undefined
  const first = bytes[member.valueStart]!
  if (first !== 0x2d && (first < 0x30 || first > 0x39)) return undefined
  const value = Number(bytes.toString('latin1', member.valueStart, member.valueEnd))
  // Adding zero makes -0 plain.
  return Number.isSafeInteger(value) ? value + 0 : undefined
}

/** Parses one member as a whole. Throws `JsonError` when it is larger, deeper or more broken than allowed. */
export function parseMember(bytes: Buffer, member: Member, limits: ParseLimits): unknown {
  const { valueStart, valueEnd, name } = member
  if (valueEnd - valueStart > limits.bytesMax) {
    throw new JsonError(`The member ${JSON.stringify(name)} is larger than ${limits.bytesMax} bytes`, valueStart)
  }
  if (depthOf(bytes, valueStart, valueEnd) > limits.depthMax) {
    throw new JsonError(
      `The member ${JSON.stringify(name)} is nested deeper than ${limits.depthMax} levels`,
      valueStart,
    )
  }
  try {
    return JSON.parse(bytes.toString('utf8', valueStart, valueEnd))
  } catch {
    throw new JsonError(`The member ${JSON.stringify(name)} is not valid JSON`, valueStart)
  }
}

/** The scan has seen these bytes, so brackets match and strings are closed. */
function depthOf(bytes: Buffer, start: number, end: number): number {
  let depth = 0
  let deepest = 0
  for (let at = start; at < end; at += 1) {
    const meaning = STRUCTURE[bytes[at]!]
    if (meaning === STRING) at = endOfString(bytes, at) - 1
    else if (meaning === OPEN) deepest = Math.max(deepest, (depth += 1))
    else if (meaning === CLOSE) depth -= 1
  }
  return deepest
}

/** An edit that gives a member another value, written as JSON text. */
export function replaceValue(member: Member, json: string): Edit {
  return { start: member.valueStart, end: member.valueEnd, by: Buffer.from(json) }
}

/** New bytes with the edits made and everything else as it was. Edits stand in order and do not overlap, else `RangeError`. */
export function splice(bytes: Buffer, edits: readonly Edit[]): Buffer {
  return Buffer.concat(spliceToPieces(bytes, edits))
}

/** The same in pieces that follow each other: those that no edit touches are views of the bytes. */
export function spliceToPieces(bytes: Buffer, edits: readonly Edit[]): readonly Buffer[] {
  const parts: Buffer[] = []
  let kept = 0
  for (const { start, end, by } of edits) {
    if (start < kept || end < start || end > bytes.length) {
      throw new RangeError(`Edits must stand in order, apart and inside the bytes: [${start}, ${end}) does not`)
    }
    parts.push(bytes.subarray(kept, start), by)
    kept = end
  }
  parts.push(bytes.subarray(kept))
  return parts
}

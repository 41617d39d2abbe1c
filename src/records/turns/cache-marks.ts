import type { Span } from '../../core/json.ts'

const NAME = Buffer.from('"cache_control"')
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const CLOSE_BRACE = 0x7d

/**
 * The cache marks in a stretch of JSON: each member `cache_control` with its value and with the comma that parts it from its
 * neighbours. Without them, a message is the same bytes before and after its mark has moved on. Very long strings, as a scan
 * has noted their beginnings and ends, are not searched.
 */
export function findCacheMarks(bytes: Buffer, { start, end }: Span, longStrings: readonly number[]): Span[] {
  const marks: Span[] = []
  let from = start
  for (let string = firstFrom(longStrings, start); from < end; string += 2) {
    const to = Math.min(end, longStrings[string] ?? end)
    addMarks(bytes, from, to, end, marks)
    from = longStrings[string + 1] ?? end
  }
  return marks
}

function addMarks(bytes: Buffer, from: number, to: number, end: number, marks: Span[]): void {
  const searched = bytes.subarray(from, to)
  for (let found = searched.indexOf(NAME); found !== -1; found = searched.indexOf(NAME, found + NAME.length)) {
    const at = from + found
    // With a backslash in front it stands in a string; as a value it has no colon behind it.
    if (bytes[at - 1] === BACKSLASH) continue
    const colon = skipSpace(bytes, at + NAME.length)
    if (bytes[colon] !== COLON) continue
    const markEnd = endOfMark(bytes, colon + 1)
    if (markEnd > end) continue
    const before = skipSpaceBack(bytes, at)
    const behind = skipSpace(bytes, markEnd)
    if (bytes[before - 1] === COMMA) marks.push({ start: before - 1, end: markEnd })
    else marks.push({ start: at, end: bytes[behind] === COMMA ? behind + 1 : markEnd })
  }
}

/** The place of the first string that does not begin before; strings are two numbers each. */
function firstFrom(longStrings: readonly number[], start: number): number {
  let low = 0
  let high = longStrings.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    if (longStrings[middle * 2]! < start) low = middle + 1
    else high = middle
  }
  return low * 2
}

/** A mark is an object of a few words, or null. */
function endOfMark(bytes: Buffer, from: number): number {
  const start = skipSpace(bytes, from)
  if (bytes[start] === 0x6e) return start + 4
  const brace = bytes.indexOf(CLOSE_BRACE, start)
  return brace === -1 ? bytes.length : brace + 1
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from
  while (isSpace(bytes[at])) at += 1
  return at
}

function skipSpaceBack(bytes: Buffer, from: number): number {
  let at = from
  while (isSpace(bytes[at - 1])) at -= 1
  return at
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

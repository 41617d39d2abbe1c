import { JsonError } from './json-error.ts'

/*
 * Strings of JSON as bytes: where they end, whether `JSON.parse` would take them, and what they say. A scan passes over each of them, and most
 * bytes of a body lie in them.
 */

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
export const LOWER_U = 0x75

/**
 * How many bytes of a string are looked at one by one before a native search takes over. Most strings are short, and most
 * bytes lie in long ones; measured on a 330 KB body: 77 µs this way, 103 with native searches alone, 240 byte by byte.
 */
const NEAR = 32

/** Behind the closing quote of the string that opens at `start`. */
export function endOfString(bytes: Buffer, start: number): number {
  const near = lookNear(bytes, start + 1)
  return near > 0 ? near : endOfFarString(bytes, -near)
}

/** The same where the ends of long strings are known: a list of starts and ends in turns, in order. */
export function endOfKnownString(bytes: Buffer, start: number, known: readonly number[]): number {
  const near = lookNear(bytes, start + 1)
  return near > 0 ? near : (endIn(known, start) ?? endOfFarString(bytes, -near))
}

/** Behind the closing quote if that is near; else where to look on, as a negative number. */
function lookNear(bytes: Buffer, from: number): number {
  let at = from
  for (const near = Math.min(at + NEAR, bytes.length); at < near; at += 1) {
    const byte = bytes[at]
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at += 1
  }
  return -at
}

function endOfFarString(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const quote = bytes.indexOf(QUOTE, at)
    if (quote === -1) throw new JsonError('The JSON ends inside a string', bytes.length)
    if (!isEscaped(bytes, quote)) return quote + 1
    const near = lookNear(bytes, quote + 1)
    if (near > 0) return near
    at = -near
  }
}

/** Halves what is left until the string that begins there is found, or none. */
function endIn(known: readonly number[], start: number): number | undefined {
  let low = 0
  let high = known.length / 2 - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = known[2 * middle]!
    if (found === start) return known[2 * middle + 1]
    if (found < start) low = middle + 1
    else high = middle - 1
  }
  return undefined
}

/** An odd number of backslashes in front makes a quote part of the string. */
function isEscaped(bytes: Buffer, quote: number): boolean {
  let at = quote - 1
  while (bytes[at] === BACKSLASH) at -= 1
  return (quote - at) % 2 === 0
}

/** Like `endOfString`, and sure that `JSON.parse` takes the string too. */
export function endOfExactString(bytes: Buffer, start: number): number {
  const end = endOfString(bytes, start)
  for (let at = start + 1; at < end - 1; at += 1) {
    const byte = bytes[at]!
    if (byte < 0x20) throw new JsonError('A string has a control character that is not escaped', at)
    if (byte === BACKSLASH) at = endOfEscape(bytes, at) - 1
  }
  return end
}

/** The letters that may follow a backslash alone. */
const ESCAPES = new Uint8Array(256)
for (const letter of '"\\/bfnrt') ESCAPES[letter.charCodeAt(0)] = 1

/** A closing quote follows somewhere, so reading a few bytes ahead stays inside the bytes. */
function endOfEscape(bytes: Buffer, backslash: number): number {
  const letter = bytes[backslash + 1]!
  if (ESCAPES[letter] === 1) return backslash + 2
  const end = backslash + 6
  let at = backslash + 2
  if (letter === LOWER_U) while (at < end && isHexDigit(bytes[at])) at += 1
  if (at < end) throw new JsonError('A string has an escape that JSON does not know', backslash)
  return end
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false
  const lower = byte | 0x20
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66)
}

/** Decodes a string that the scan has found to be exact. */
export function decodeString(bytes: Buffer, start: number, end: number): string {
  return decodeWord(bytes, start + 1, end - 1) ?? decodeText(bytes, start, end)
}

/** Longer than any name or type of the API. */
const WORD_BYTES_MAX = 40

/** Words that were read lately: the same few names and types stand in a body a thousand times, and a string costs more to make than to find. */
const WORDS: string[] = Array.from({ length: 256 }, () => '')

/** A short string in plain ASCII; undefined for others. */
function decodeWord(bytes: Buffer, start: number, end: number): string | undefined {
  if (end - start > WORD_BYTES_MAX) return undefined
  let place = end - start
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!
    if (byte >= 0x80 || byte === BACKSLASH) return undefined
    place = (place * 31 + byte) & 0xff
  }
  const known = WORDS[place]!
  if (known.length === end - start && isWordAt(bytes, start, known)) return known
  const word = bytes.toString('latin1', start, end)
  WORDS[place] = word
  return word
}

function decodeText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start + 1, end - 1)
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
}

/** Letter by letter, for words that are as long: `input`, as long as `image`, stands in every call of a tool. */
export function isWordAt(bytes: Buffer, start: number, word: string): boolean {
  for (let at = 0; at < word.length; at += 1) if (bytes[start + at] !== word.charCodeAt(at)) return false
  return true
}

/** Text that stands in bytes, and where each of its letters does. */
export interface TextView {
  readonly text: string
  /** Where the letter (UTF-16 unit) of that number begins; of the number behind the last, where the text ends. */
  byteAt(letter: number): number
}

const BACKSLASH = 0x5c
const LOWER_U = 0x75

/** What the letter behind a backslash stands for; others stand for nothing, and then the backslash is one. */
const ESCAPES = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, meaning]) => [letter.charCodeAt(0), meaning.charCodeAt(0)],
  ),
)

/**
 * The bytes `[start, end)` as somebody reads them: UTF-8, and with `escapes` as in JSON, each as the letter that it stands
 * for, so that a secret is found however it is spelled. What is neither is taken byte by byte; nothing is left out.
 */
export function viewText(bytes: Buffer, start: number, end: number, escapes: boolean): TextView {
  const letters = new Uint16Array(end - start)
  const offsets = new Uint32Array(end - start + 1)
  let count = 0
  let widest = 0
  let at = start
  while (at < end) {
    let letter = bytes[at]!
    let length = 1
    if (letter === BACKSLASH && escapes && at + 1 < end) {
      const next = bytes[at + 1]!
      const code = next === LOWER_U ? readHex(bytes, at + 2, end) : ESCAPES.get(next)
      if (code !== undefined) {
        letter = code
        length = next === LOWER_U ? 6 : 2
      }
    } else if (letter >= 0xc2) {
      const point = readUtf8(bytes, at, end)
      if (point >= 0x10000) {
        letters[count] = 0xd800 + ((point - 0x10000) >> 10)
        offsets[count++] = at
        letter = 0xdc00 + (point & 0x3ff)
        length = 4
      } else if (point > 0) {
        letter = point
        length = point >= 0x800 ? 3 : 2
      }
    }
    letters[count] = letter
    offsets[count++] = at
    widest |= letter
    at += length
  }
  offsets[count] = end
  return { text: toText(letters.subarray(0, count), widest), byteAt: (letter) => offsets[letter]! }
}

/** Texts in several places, read as one. */
export interface JoinedText {
  readonly text: string
  /** The bytes of the letters `[start, end)`: a stretch in each place that they stand in. */
  stretches(start: number, end: number): { readonly start: number; readonly end: number }[]
}

export function joinViews(views: readonly TextView[]): JoinedText {
  const starts: number[] = []
  let length = 0
  for (const { text } of views) {
    starts.push(length)
    length += text.length
  }
  return {
    text: views.map(({ text }) => text).join(''),
    stretches(start, end) {
      const stretches: { start: number; end: number }[] = []
      for (let at = lastNotBehind(starts, start); at < views.length && starts[at]! < end; at += 1) {
        const { text, byteAt } = views[at]!
        const from = Math.max(start - starts[at]!, 0)
        const to = Math.min(end - starts[at]!, text.length)
        if (from < to) stretches.push({ start: byteAt(from), end: byteAt(to) })
      }
      return stretches
    },
  }
}

/** The place of the last number that is not greater than the given one; the numbers are in order, the first is 0. */
function lastNotBehind(numbers: readonly number[], given: number): number {
  let low = 0
  let high = numbers.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (numbers[middle]! <= given) low = middle
    else high = middle - 1
  }
  return low
}

/** One byte a letter where that is enough: such texts are searched faster. */
function toText(letters: Uint16Array, widest: number): string {
  if (widest < 0x100) return Buffer.from(letters).toString('latin1')
  return Buffer.from(letters.buffer, letters.byteOffset, letters.byteLength).toString('utf16le')
}

/** The four digits of an escape; undefined where they are none. */
function readHex(bytes: Buffer, at: number, end: number): number | undefined {
  if (at + 4 > end) return undefined
  const digits = bytes.toString('latin1', at, at + 4)
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined
}

/** The code point of a letter of two to four bytes; 0 where the bytes are none. */
function readUtf8(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at]!
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  if (first > 0xf4 || at + length > end) return 0
  let point = first & (0x7f >> length)
  for (let more = at + 1; more < at + length; more += 1) {
    if ((bytes[more]! & 0xc0) !== 0x80) return 0
    point = point * 0x40 + (bytes[more]! & 0x3f)
  }
  // Written longer than need be, a letter would take more bytes than are counted for it.
  const least = length === 4 ? 0x10000 : length === 3 ? 0x800 : 0x80
  return point < least || point > 0x10ffff ? 0 : point
}

/**
 * A stretch of a kept segment. A body is the list of the ranges that it is made of, in order; neighbours that follow each
 * other in their segment are one range.
 */
export interface Range {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

/** What is kept does not fit together: a list of ranges that cannot be read, or one that points to where nothing is. */
export class BrokenRangesError extends Error {
  override readonly name = 'BrokenRangesError'
}

/** Adds a range to the end of a list, to its last one where that goes on in the same segment. */
export function appendRange(ranges: Range[], range: Range): void {
  const last = ranges.at(-1)
  if (last !== undefined && last.segment === range.segment && last.offset + last.length === range.offset) {
    ranges[ranges.length - 1] = { ...last, length: last.length + range.length }
  } else if (range.length > 0) ranges.push(range)
}

/** The ranges of the bytes `[from, to)` of a body that is made of these. */
export function sliceRanges(ranges: readonly Range[], from: number, to: number): Range[] {
  const slice: Range[] = []
  let at = 0
  for (const { segment, offset, length } of ranges) {
    const start = Math.max(from, at)
    const end = Math.min(to, at + length)
    if (start < end) slice.push({ segment, offset: offset + start - at, length: end - start })
    at += length
    if (at >= to) break
  }
  return slice
}

/**
 * Ranges as bytes: their count, then segment, offset and length of each as varints. The segment is told as the step from
 * the one before, the offset as the step from where the same segment was left: a body goes through its segments in order
 * and leaves little out, so most numbers take one byte.
 */
export function encodeRanges(ranges: readonly Range[]): Buffer {
  const bytes: number[] = []
  const left = new Map<number, number>()
  let before = 0
  writeNumber(bytes, ranges.length)
  for (const { segment, offset, length } of ranges) {
    writeStep(bytes, segment - before)
    writeStep(bytes, offset - (left.get(segment) ?? 0))
    writeNumber(bytes, length)
    before = segment
    left.set(segment, offset + length)
  }
  return Buffer.from(bytes)
}

/** Reads what `encodeRanges` has written; throws `BrokenRangesError` for anything else. */
export function decodeRanges(bytes: Buffer): Range[] {
  const reader = { bytes, at: 0 }
  const ranges: Range[] = []
  const left = new Map<number, number>()
  const count = readNumber(reader)
  let segment = 0
  for (let done = 0; done < count; done += 1) {
    segment += readStep(reader)
    const offset = (left.get(segment) ?? 0) + readStep(reader)
    const length = readNumber(reader)
    if (segment < 0 || offset < 0) throw new BrokenRangesError('A range begins before its segment')
    ranges.push({ segment, offset, length })
    left.set(segment, offset + length)
  }
  if (reader.at !== bytes.length) throw new BrokenRangesError('Bytes follow the last range')
  return ranges
}

/** The body that is made of these ranges. `segmentOf` gives a segment as it was kept; each is asked for once. */
export function rebuild(ranges: readonly Range[], segmentOf: (segment: number) => Buffer): Buffer {
  const segments = new Map<number, Buffer>()
  const pieces = ranges.map(({ segment, offset, length }) => {
    let bytes = segments.get(segment)
    if (bytes === undefined) segments.set(segment, (bytes = segmentOf(segment)))
    if (offset + length > bytes.length) throw new BrokenRangesError(`Segment ${segment} is shorter than a range in it`)
    return bytes.subarray(offset, offset + length)
  })
  return Buffer.concat(pieces)
}

/** Steps go both ways: the sign is the lowest bit. Arithmetic, as offsets may be larger than 32 bits hold. */
function writeStep(bytes: number[], step: number): void {
  writeNumber(bytes, step < 0 ? -step * 2 - 1 : step * 2)
}

function readStep(reader: Reader): number {
  const coded = readNumber(reader)
  return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2
}

function writeNumber(bytes: number[], value: number): void {
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  bytes.push(rest)
}

interface Reader {
  readonly bytes: Buffer
  at: number
}

function readNumber(reader: Reader): number {
  let value = 0
  for (let scale = 1; scale <= Number.MAX_SAFE_INTEGER; scale *= 0x80) {
    const byte = reader.bytes[reader.at]
    if (byte === undefined) throw new BrokenRangesError('The ranges end too early')
    reader.at += 1
    value += (byte % 0x80) * scale
    if (byte < 0x80 && value <= Number.MAX_SAFE_INTEGER) return value
  }
  throw new BrokenRangesError('A number of a range is too large')
}

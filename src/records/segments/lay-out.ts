import type { ByteRange, MaskedRange } from '../bodies/body-reader.ts'
import type { Masking } from './chapter-index.ts'
import { appendMasked, isMasked, maskedWithin } from './masked-stretches.ts'
import { appendRange, type Range, sliceRanges } from './range.ts'

/** A stretch of a body. The parts of a body stand in order and leave nothing out. */
export interface Part {
  readonly at: number
  readonly length: number
  /** Where it is kept already. */
  readonly ranges?: readonly Range[]
  /** An earlier part of the same body that is the same. */
  readonly twin?: Part
}

/** Whether nothing of it is kept yet. */
export function isNew({ ranges, twin }: Part): boolean {
  return ranges === undefined && twin === undefined
}

export interface Layout {
  readonly parts: readonly Part[]
  /** The number that what is new is kept under. */
  readonly segment: number
  /** In order and without overlap, in the body. */
  readonly maskings: readonly Masking[]
  /** What is masked in a segment that is kept already. */
  readonly hiddenIn: (segment: number) => readonly MaskedRange[]
}

export interface LaidOut {
  readonly fresh: Buffer
  readonly ranges: readonly Range[]
  readonly freshRanges: readonly ByteRange[]
  readonly masked: readonly MaskedRange[]
  /** Masked stretches of `fresh`. */
  readonly hidden: readonly MaskedRange[]
  /** Offsets in `fresh` where bytes follow each other that do not so in the body. */
  readonly joints: readonly number[]
  /** Where the new parts have come to lie. */
  readonly places: ReadonlyMap<Part, Range>
}

/**
 * Puts what is new of a body one behind the other, masked, and points to the rest where it is kept. What has to be masked
 * here and is kept unmasked, because it was no secret in the words that stood around it then, is kept once more.
 */
export function layOut(body: Buffer, { parts, segment, maskings, hiddenIn }: Layout): LaidOut {
  const kept: Buffer[] = []
  const ranges: Range[] = []
  const freshRanges: { offset: number; length: number }[] = []
  const hidden: MaskedRange[] = []
  const joints: number[] = []
  const places = new Map<Part, Range>()
  let freshLength = 0
  let freshEnd = 0
  let nextMasking = 0

  for (const part of parts) {
    const { at, length } = part
    const source = part.ranges ?? (part.twin && [places.get(part.twin)!])
    if (source !== undefined) pointTo(source, at, length)
    else {
      places.set(part, keep(at, at + length))
      const last = freshRanges.at(-1)
      if (last !== undefined && last.offset + last.length === at) last.length += length
      else freshRanges.push({ offset: at, length })
    }
  }

  /** Points to where a part is kept, but for what must be masked and is not so there. */
  function pointTo(source: readonly Range[], at: number, length: number): void {
    let pointed = at
    for (let place = firstMasking(at); place < maskings.length; place += 1) {
      const start = Math.max(maskings[place]!.offset, at)
      const end = Math.min(maskings[place]!.offset + maskings[place]!.length, at + length)
      if (start >= at + length) break
      if (sliceRanges(source, start - at, end - at).every(isHidden)) continue
      for (const range of sliceRanges(source, pointed - at, start - at)) appendRange(ranges, range)
      keep(start, end)
      pointed = end
    }
    for (const range of sliceRanges(source, pointed - at, length)) appendRange(ranges, range)
  }

  function isHidden({ segment: of, offset, length }: Range): boolean {
    return isMasked(of === segment ? hidden : hiddenIn(of), offset, offset + length)
  }

  /** Keeps bytes of the body in the new segment, masked. */
  function keep(start: number, end: number): Range {
    const range = { segment, offset: freshLength, length: end - start }
    let bytes = body.subarray(start, end)
    for (let place = firstMasking(start); place < maskings.length; place += 1) {
      const { offset, length, rule, by } = maskings[place]!
      if (offset >= end) break
      if (bytes.buffer === body.buffer) bytes = Buffer.from(bytes)
      const from = Math.max(offset, start)
      const to = Math.min(offset + length, end)
      bytes.fill(by, from - start, to - start)
      appendMasked(hidden, { offset: freshLength + from - start, length: to - from, rule })
    }
    if (freshLength > 0 && start !== freshEnd) joints.push(freshLength)
    kept.push(bytes)
    appendRange(ranges, range)
    freshLength += range.length
    freshEnd = end
    return range
  }

  /** The first masking that reaches behind `at`; parts come in order, so it only goes forward. */
  function firstMasking(at: number): number {
    while (nextMasking < maskings.length && maskings[nextMasking]!.offset + maskings[nextMasking]!.length <= at) {
      nextMasking += 1
    }
    return nextMasking
  }

  return {
    fresh: Buffer.concat(kept),
    ranges,
    freshRanges,
    masked: maskedIn(ranges, (of) => (of === segment ? hidden : hiddenIn(of))),
    hidden,
    joints,
    places,
  }
}

/** What is masked in a body that is made of these ranges. */
function maskedIn(ranges: readonly Range[], hiddenIn: (segment: number) => readonly MaskedRange[]): MaskedRange[] {
  const masked: MaskedRange[] = []
  let at = 0
  for (const { segment, offset, length } of ranges) {
    for (const stretch of maskedWithin(hiddenIn(segment), offset, offset + length)) {
      appendMasked(masked, { ...stretch, offset: stretch.offset - offset + at })
    }
    at += length
  }
  return masked
}

import type { ByteRange, MaskedRange } from '../bodies/body-reader.ts'
import { isNew, type LaidOut, layOut } from './lay-out.ts'
import type { Range } from './range.ts'
import { spotsOf } from './seams.ts'
import { type Base, findBase, type Piece, type Recent, takeApart } from './take-apart.ts'

/**
 * Knows what is kept of one chapter, so that of each further body only the bytes are kept that are new in it: the sixty
 * turns of a session, 34 MB of bodies, come to less than 1 % of that. It reads bytes and never changes or reprints them,
 * so any bytes go in, and the same come out of `rebuild`.
 *
 * A chapter has one set of masking rules, from its first body to its last: what was kept under other rules must not be
 * pointed to.
 */
export interface ChapterIndex {
  /** Takes in a body, which nobody may change from now on. */
  add(body: Buffer): Added
  /** Takes in bytes that no other body is expected to share parts with, such as an answer: a segment of their own, as they are. */
  append(bytes: Buffer, masked?: readonly MaskedRange[]): Added
  /** Of memory that is held, about. Nearly all of it is recent bodies. */
  readonly bytes: number
  /** Lets go of the recent bodies. What comes next is found by its pieces, which costs more time and a little space. */
  forgetBodies(): void
}

/** What is to be kept of a body. */
export interface Added {
  /** The number that `fresh` is to be kept as: 0 for the first segment of the chapter, then one more each time. */
  readonly segment: number
  /** Bytes that are new, masked where rules say so. Empty when there are none: then no number is used up. */
  readonly fresh: Buffer
  /** What the body is made of, in order. */
  readonly ranges: readonly Range[]
  /** Where in the body new bytes stand. */
  readonly freshRanges: readonly ByteRange[]
  /** Everything that is masked in the body, also what was so in an earlier one. */
  readonly masked: readonly MaskedRange[]
}

/** A stretch to be masked, and the byte that takes the place of each of its bytes. */
export interface Masking extends MaskedRange {
  readonly by: number
}

/**
 * Finds what is to be masked at some spots of a body: new bytes, and seams (of no length) where bytes meet that did not
 * before. The spots are in order; so are the maskings, and without overlap.
 */
export type Mask = (body: Buffer, spots: readonly ByteRange[]) => readonly Masking[]

export interface ChapterLimits {
  /** Recent bodies that are compared with: so many agents can take turns under one session. */
  readonly bodiesMax: number
  /** Smaller bodies are found by their pieces as quickly; and a burst of them, to count tokens, does not drive out the large ones. */
  readonly bodyBytesMin: number
  /** Of all recent bodies together; the newest is held in any case. */
  readonly bodyBytesMax: number
  /** Pieces, joints and masked stretches that are noted. With more of them the index forgets all and begins anew. */
  readonly notesMax: number
  /** Ranges of one body. Each is a segment to fetch and open when it is read; past this many the next body is kept whole, as the first was. */
  readonly rangesMax: number
}

export const CHAPTER_LIMITS: ChapterLimits = {
  bodiesMax: 6,
  bodyBytesMin: 16 * 1024,
  bodyBytesMax: 64 * 1024 * 1024,
  notesMax: 50_000,
  rangesMax: 1_000,
}

/** A body of which its successor repeats more than this is not looked at again. */
const REPEATED_MIN = 0.75

/** Roughly what an entry of a map takes with its key, and what a range takes. */
const NOTE_BYTES = 160
const RANGE_BYTES = 56

/** An offset and the number of its segment as one number; no segment is longer. */
const SEGMENT_BYTES_MAX = 2 ** 30

export function createChapterIndex(limits: ChapterLimits = CHAPTER_LIMITS, mask?: Mask): ChapterIndex {
  let nextSegment = 0
  /** The newest last. */
  let recents: Recent[] = []
  let recentBytes = 0
  /** Where pieces are kept, by the hash of what they were before masking. */
  const places = new Map<string, Range>()
  /** Where bytes follow each other in a segment that did not so in their body. */
  const joints = new Set<number>()
  /** Masked stretches of segments. */
  const hidden = new Map<number, readonly MaskedRange[]>()
  let hiddenCount = 0

  function add(body: Buffer): Added {
    const segment = nextSegment
    const base = findBase(body, recents)
    const parts = takeApart(body, base, (digest) => places.get(digest))
    const laidOut = layOut(body, {
      parts,
      segment,
      maskings: mask === undefined ? [] : mask(body, spotsOf(body, parts, base, isJoint)),
      hiddenIn: (of) => hidden.get(of) ?? [],
    })
    note(segment, parts, laidOut)
    remember({ body, ranges: laidOut.ranges }, base)
    const { fresh, ranges, freshRanges, masked } = laidOut
    if (places.size + joints.size + hiddenCount > limits.notesMax || ranges.length > limits.rangesMax) beginAnew()
    if (fresh.length > 0) nextSegment += 1
    return { segment, fresh, ranges, freshRanges, masked }
  }

  function isJoint(segment: number, offset: number): boolean {
    return joints.has(segment * SEGMENT_BYTES_MAX + offset)
  }

  function note(segment: number, parts: readonly Piece[], laidOut: LaidOut): void {
    for (const part of parts) {
      if (part.digest !== undefined && isNew(part)) places.set(part.digest, laidOut.places.get(part)!)
    }
    if (mask !== undefined) for (const offset of laidOut.joints) joints.add(segment * SEGMENT_BYTES_MAX + offset)
    if (laidOut.hidden.length > 0) hidden.set(segment, laidOut.hidden)
    hiddenCount += laidOut.hidden.length
  }

  /** What is pointed to must be known in full, so it is all or nothing. */
  function beginAnew(): void {
    forgetBodies()
    places.clear()
    joints.clear()
    hidden.clear()
    hiddenCount = 0
  }

  /** A body that its successor repeats for the most part has nothing more to give. */
  function remember(recent: Recent, base: Base | undefined): void {
    if (base !== undefined && base.start + base.end > base.recent.body.length * REPEATED_MIN) drop(base.recent)
    if (recent.body.length < limits.bodyBytesMin) return
    recents.push(recent)
    recentBytes += bytesOf(recent)
    while (recents.length > limits.bodiesMax || (recentBytes > limits.bodyBytesMax && recents.length > 1)) {
      drop(recents[0]!)
    }
  }

  function drop(recent: Recent): void {
    recents = recents.filter((each) => each !== recent)
    recentBytes -= bytesOf(recent)
  }

  function append(bytes: Buffer, masked: readonly MaskedRange[] = []): Added {
    const segment = nextSegment
    const all = { offset: 0, length: bytes.length }
    if (bytes.length === 0) return { segment, fresh: bytes, ranges: [], freshRanges: [], masked }
    nextSegment += 1
    return { segment, fresh: bytes, ranges: [{ segment, ...all }], freshRanges: [all], masked }
  }

  function forgetBodies(): void {
    recents = []
    recentBytes = 0
  }

  return {
    add,
    append,
    get bytes() {
      return recentBytes + (places.size + joints.size + hiddenCount) * NOTE_BYTES
    },
    forgetBodies,
  }
}

function bytesOf({ body, ranges }: Recent): number {
  return body.length + ranges.length * RANGE_BYTES
}

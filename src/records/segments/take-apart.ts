import { hash } from 'node:crypto'
import { cut, PIECE_BYTES_MIN } from './cut.ts'
import { equalAtEnd, equalAtStart } from './equal-ends.ts'
import type { Part } from './lay-out.ts'
import { type Range, sliceRanges } from './range.ts'

/** A recent body, and what it is made of. */
export interface Recent {
  readonly body: Buffer
  readonly ranges: readonly Range[]
}

/** The recent body that a new one continues: how many bytes are the same at their beginnings and at their ends. */
export interface Base {
  readonly recent: Recent
  readonly start: number
  readonly end: number
}

/** The recent body that has most in common with this one, if that is more than half of this one. */
export function findBase(body: Buffer, recents: readonly Recent[]): Base | undefined {
  let best: Base | undefined
  let most = body.length / 2
  for (const recent of recents.toReversed()) {
    const shorter = Math.min(body.length, recent.body.length)
    const start = equalAtStart(body, recent.body, shorter)
    const end = equalAtEnd(body, recent.body, shorter - start)
    if (start + end <= most) continue
    best = { recent, start, end }
    most = start + end
    if (most === body.length) break
  }
  return best
}

/** A part, and the hash by which another body finds it; short ones have none. */
export interface Piece extends Part {
  readonly digest?: string
}

/** A body in parts: what it has in common with its base at both ends, and the pieces between them. */
export function takeApart(
  body: Buffer,
  base: Base | undefined,
  placeOf: (digest: string) => Range | undefined,
): Piece[] {
  if (base === undefined) return takePieces(body, 0, body.length, placeOf)
  const { start, end, recent } = base
  const pieces = takePieces(body, start, body.length - end, placeOf)
  const length = recent.body.length
  return [
    { at: 0, length: start, ranges: sliceRanges(recent.ranges, 0, start) },
    ...pieces,
    { at: body.length - end, length: end, ranges: sliceRanges(recent.ranges, length - end, length) },
  ].filter((part) => part.length > 0)
}

function takePieces(body: Buffer, start: number, end: number, placeOf: (digest: string) => Range | undefined): Piece[] {
  const pieces: Piece[] = []
  const seen = new Map<string, Piece>()
  let at = start
  for (const pieceEnd of cut(body, start, end)) {
    const length = pieceEnd - at
    if (length < PIECE_BYTES_MIN) pieces.push({ at, length })
    else {
      const digest = hash('sha256', body.subarray(at, pieceEnd), 'binary')
      const place = placeOf(digest)
      const twin = seen.get(digest)
      if (place !== undefined) pieces.push({ at, length, digest, ranges: [place] })
      else if (twin !== undefined) pieces.push({ at, length, digest, twin })
      else {
        const piece = { at, length, digest }
        seen.set(digest, piece)
        pieces.push(piece)
      }
    }
    at = pieceEnd
  }
  return pieces
}

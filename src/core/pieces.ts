/*
 * Bytes in pieces that follow each other. A request of 300 KB differs from the one that came in a few places; to copy the rest of it costs more
 * than to write it from where it is.
 */

/** Of all pieces together. */
export function byteLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

/** Writes them one behind the other, from `offset` on. */
export function copyPieces(pieces: readonly Uint8Array[], to: Uint8Array, offset: number): void {
  let at = offset
  for (const piece of pieces) {
    to.set(piece, at)
    at += piece.length
  }
}

/** As one, for whoever takes nothing else: a copy, unless it is one already. */
export function joined(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces
  return first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces)
}

/** Shorter pieces are copied sooner than written one by one. */
const PIECE_BYTES_MIN = 16 * 1024

/** The same bytes in as few pieces as pay: neighbours that are short become one. */
export function withoutShort(pieces: readonly Buffer[]): readonly Buffer[] {
  const kept: Buffer[] = []
  let short: Buffer[] = []
  const joinShort = (): void => {
    if (short.length > 0) kept.push(joined(short))
    short = []
  }
  for (const piece of pieces) {
    if (piece.length < PIECE_BYTES_MIN) {
      short.push(piece)
    } else {
      joinShort()
      kept.push(piece)
    }
  }
  joinShort()
  return kept
}

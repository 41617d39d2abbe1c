/** A shorter piece is kept again sooner than looked up: the range that would point to it takes nearly as much. */
export const PIECE_BYTES_MIN = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b

/**
 * Where `[start, end)` of a body is cut into pieces that another body may have too: the ends of the pieces, in order, the
 * last one `end`. In JSON a long string is a piece of its own, and so is what stands between two of them: a message that
 * loses its cache mark, or its list of blocks, changes around its text and not in it. What stands between is cut further
 * where an object begins.
 *
 * Only quotes that no backslash takes are looked at, and whether one opens a string or closes it does not matter: so one may
 * begin anywhere. Bytes that are no JSON are cut somewhere, which costs space at most.
 */
export function cut(bytes: Buffer, start: number, end: number): number[] {
  const ends: number[] = []
  let last = start
  const cutAt = (at: number) => {
    if (at > last) ends.push((last = at))
  }
  let quoteEnd = start
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]
    if (byte === BACKSLASH) at += 1
    else if (byte === QUOTE) {
      if (at - quoteEnd >= PIECE_BYTES_MIN) {
        cutAt(quoteEnd)
        cutAt(at)
      }
      quoteEnd = at + 1
    } else if (byte === OPEN_BRACE && bytes[at + 1] === QUOTE && at - quoteEnd < PIECE_BYTES_MIN) {
      if (at - last >= PIECE_BYTES_MIN) cutAt(at)
    }
  }
  if (end - quoteEnd >= PIECE_BYTES_MIN) cutAt(quoteEnd)
  cutAt(end)
  return ends
}

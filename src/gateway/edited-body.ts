import { byteLength } from '../core/pieces.ts'
import type { CallBody } from '../providers/adapter.ts'

/** What is sent, in pieces, where that is something else than what the client has sent; undefined where it is the same. */
export function editedBody({ bytes, compressed }: CallBody, sent: readonly Buffer[]): readonly Buffer[] | undefined {
  const isAsItCame = sent.length === 1 && (sent[0] === bytes || sent[0] === compressed?.bytes)
  return isAsItCame || isSame(sent, bytes) ? undefined : sent
}

function isSame(pieces: readonly Buffer[], bytes: Buffer): boolean {
  if (byteLength(pieces) !== bytes.length) return false
  let at = 0
  return pieces.every((piece) => piece.equals(bytes.subarray(at, (at += piece.length))))
}

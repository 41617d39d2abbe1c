import type { ExchangeCursor } from '../../store/exchanges.ts'
import { invalid } from '../error.ts'

/** Where a page ended, as a word for clients to hand back. It may be read, but not relied upon. */
export function writeCursor({ receivedAt, id }: ExchangeCursor): string {
  return Buffer.from(`${receivedAt} ${id}`).toString('base64url')
}

/** Refuses what `writeCursor` cannot have written. */
export function readCursor(word: string): ExchangeCursor {
  const match = /^(\d{1,15}) (\S{0,64})$/.exec(Buffer.from(word, 'base64url').toString('utf8'))
  if (match === null) throw invalid('cursor: is not the next_cursor of a page')
  return { receivedAt: Number(match[1]), id: match[2]! }
}

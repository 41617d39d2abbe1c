import type { Span } from '../core/json.ts'

const LINE_END = 0x0a
const SPACE = 0x20
const DATA = Buffer.from('data:')

/**
 * Where the data of each event of a stream stands, one line of it each, as every known provider writes them. Nothing for
 * bytes that are no stream.
 */
export function* dataOf(stream: Buffer): Generator<Span> {
  for (let at = 0; at < stream.length;) {
    const lineEnd = stream.indexOf(LINE_END, at)
    const end = lineEnd === -1 ? stream.length : lineEnd
    if (stream.compare(DATA, 0, DATA.length, at, Math.min(at + DATA.length, end)) === 0) {
      const start = at + DATA.length
      yield { start: stream[start] === SPACE ? start + 1 : start, end }
    }
    at = end + 1
  }
}

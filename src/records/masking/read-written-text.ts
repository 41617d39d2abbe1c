import { JsonError, knownEnds, type Member, membersOf, readInteger, type Span } from '../../core/json.ts'
import { dataOf } from '../stream-data.ts'

const QUOTE = 0x22
const DELTA = Buffer.from('delta"')

/**
 * What a model has written into a stream, piece by piece: for each text, thought or input of a tool the places of its
 * pieces in the stream, without their quotes.
 */
export function readWrittenText(stream: Buffer): Iterable<readonly Span[]> {
  const pieces = new Map<string, Span[]>()
  for (const { start, end } of dataOf(stream)) {
    const event = stream.subarray(0, end)
    if (event.indexOf(DELTA, start) === -1 && event.indexOf('"content_block"', start) === -1) continue
    try {
      const members = membersOf(event, start, knownEnds())
      const index = readInteger(event, named(members, 'index'))
      for (const holder of ['content_block', 'delta']) {
        const value = named(members, holder)
        if (value === undefined) continue
        for (const { name, valueStart, valueEnd } of membersOf(event, value.valueStart, knownEnds())) {
          if (event[valueStart] !== QUOTE || name === 'type') continue
          const key = `${index} ${name}`
          const known = pieces.get(key)
          const piece = { start: valueStart + 1, end: valueEnd - 1 }
          if (known === undefined) pieces.set(key, [piece])
          else known.push(piece)
        }
      }
    } catch (error) {
      // A broken event says nothing that could be joined.
      if (!(error instanceof JsonError)) throw error
    }
  }
  return pieces.values()
}

function named(members: readonly Member[], name: string): Member | undefined {
  return members.findLast((member) => member.name === name)
}

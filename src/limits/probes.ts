import type { Member, TopLevel } from '../core/json.ts'

/*
 * Whether a body still has in it what an earlier one had, without keeping that: a few pieces from places that nobody can foresee. Whoever fills a
 * long body with spaces and the next one with text, to be taken for the same conversation, is found out as surely as coins fall.
 */

/** Of one body; as numbers, because a gateway keeps thousands of turns, and takes these with every request. */
export interface Probes {
  /** Of each piece the member it was taken from, by its place in `MEMBERS`. */
  readonly members: Uint8Array
  /** From the beginning of the member's value, in bytes. */
  readonly offsets: Float64Array
  /** One is shorter where its member ends. */
  readonly lengths: Uint8Array
  /** All pieces, one behind the other, each in the room of a whole one. */
  readonly pieces: Buffer
}

/** Half of a body exchanged is missed once in some 4,000 times. */
const PROBES = 16

/** A piece may have been taken where a cache mark stood that has moved on (one in 30 to 100 in real sessions). */
const MISSES_MAX = 1
const PIECE_BYTES = 16

/** Cache marks move from turn to turn, and a block becomes a plain string: what stands behind them moves by so much at most. */
const DRIFT_BYTES = 256

const MEMBERS = ['messages', 'system', 'tools'] as const

interface Body {
  readonly bytes: Buffer
  readonly members: TopLevel
}

/** Of what is not to be known again. */
export const NO_PROBES: Probes = makeProbes(0)

/** Takes pieces from places all over the body; `random` is an even draw from 0 up to 1. */
export function takeProbes({ bytes, members }: Body, random: () => number): Probes {
  const found = MEMBERS.map((name) => members.find(name))
  const total = found.reduce((sum, member) => sum + lengthOf(member), 0)
  if (total === 0) return NO_PROBES
  const probes = makeProbes(PROBES)
  for (let probe = 0; probe < PROBES; probe += 1) {
    let offset = Math.floor(random() * total)
    let place = 0
    for (; offset >= lengthOf(found[place]); place += 1) offset -= lengthOf(found[place])
    const { valueStart, valueEnd } = found[place]!
    const length = Math.min(PIECE_BYTES, valueEnd - valueStart - offset)
    probes.members[probe] = place
    probes.offsets[probe] = offset
    probes.lengths[probe] = length
    const room = probe * PIECE_BYTES
    for (let at = 0; at < length; at += 1) probes.pieces[room + at] = bytes[valueStart + offset + at]!
  }
  return probes
}

function makeProbes(count: number): Probes {
  return {
    members: new Uint8Array(count),
    offsets: new Float64Array(count),
    lengths: new Uint8Array(count),
    pieces: Buffer.alloc(count * PIECE_BYTES),
  }
}

function lengthOf(member: Member | undefined): number {
  return member === undefined ? 0 : member.valueEnd - member.valueStart
}

/** Whether the pieces stand where they were, or near there. */
export function findsProbes({ bytes, members }: Body, probes: Probes): boolean {
  const found = MEMBERS.map((name) => members.find(name))
  let misses = 0
  for (let probe = 0; probe < probes.members.length; probe += 1) {
    const member = found[probes.members[probe]!]
    if (member !== undefined && isNear(bytes, member, probes, probe)) continue
    misses += 1
    if (misses > MISSES_MAX) return false
  }
  return true
}

function isNear(bytes: Buffer, { valueStart, valueEnd }: Member, probes: Probes, probe: number): boolean {
  const room = probe * PIECE_BYTES
  const length = probes.lengths[probe]!
  const usual = valueStart + probes.offsets[probe]!
  if (usual + length <= valueEnd && isSame(bytes, usual, probes.pieces, room, length)) return true
  const from = Math.max(valueStart, usual - DRIFT_BYTES)
  const to = Math.min(valueEnd, usual + length + DRIFT_BYTES)
  return bytes.subarray(from, to).includes(probes.pieces.subarray(room, room + length))
}

/** Almost all pieces stand where they stood, and a search outside of this language takes longer to begin than this to end. */
function isSame(bytes: Buffer, start: number, pieces: Buffer, room: number, length: number): boolean {
  for (let at = 0; at < length; at += 1) if (bytes[start + at] !== pieces[room + at]) return false
  return true
}

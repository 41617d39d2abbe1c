import type { Member, TopLevel } from '../core/json.ts'

/*
 * Whether a body still has in it what an earlier one had, without keeping that: a few pieces from places that nobody can foresee. Whoever fills a
 * long body with spaces and the next one with text, to be taken for the same conversation, is found out as surely as coins fall.
 */

export interface Probe {
  readonly member: 'messages' | 'system' | 'tools'
  /** From the beginning of the member's value, in bytes. */
  readonly offset: number
  /** Bytes, each as one character. */
  readonly piece: string
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

/** Takes pieces from places all over the body; `random` is an even draw from 0 up to 1. */
export function takeProbes({ bytes, members }: Body, random: () => number): readonly Probe[] {
  const parts = MEMBERS.flatMap((name) => {
    const member = members.find(name)
    return member === undefined ? [] : [{ name, member, length: member.valueEnd - member.valueStart }]
  })
  const total = parts.reduce((sum, { length }) => sum + length, 0)
  return Array.from({ length: total === 0 ? 0 : PROBES }, () => {
    let offset = Math.floor(random() * total)
    let part = parts[0]!
    for (part of parts) {
      if (offset < part.length) break
      offset -= part.length
    }
    const start = part.member.valueStart + offset
    const end = Math.min(start + PIECE_BYTES, part.member.valueEnd)
    return { member: part.name, offset, piece: bytes.toString('latin1', start, end) }
  })
}

/** Whether the pieces stand where they were, or near there. */
export function findsProbes({ bytes, members }: Body, probes: readonly Probe[]): boolean {
  let misses = 0
  for (const { member, offset, piece } of probes) {
    const found = members.find(member)
    if (found !== undefined && isNear(bytes, found, offset, piece)) continue
    misses += 1
    if (misses > MISSES_MAX) return false
  }
  return true
}

function isNear(bytes: Buffer, { valueStart, valueEnd }: Member, offset: number, piece: string): boolean {
  const from = Math.max(valueStart, valueStart + offset - DRIFT_BYTES)
  const to = Math.min(valueEnd, valueStart + offset + piece.length + DRIFT_BYTES)
  return bytes.subarray(from, to).includes(piece, 0, 'latin1')
}

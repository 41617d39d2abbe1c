import type { z } from 'zod'
import type { Piece } from '../../contract/content.ts'
import { elementsOf, JsonError, knownEnds, scanTopLevel } from '../../core/json.ts'
import type { ByteRange } from '../../records/bodies/body-reader.ts'

type ShownPiece = z.output<typeof Piece>

/** Bytes of text that an answer may still have; what is beyond is told by its place only. */
export interface TextBudget {
  left: number
}

export const TEXT_BYTES_MAX = 4_194_304

/**
 * The ranges of a body as pieces that can be read: each lies in one member (or one message, tool or system block) and begins and ends
 * with a whole character, for which it may take in up to three bytes that are not new.
 */
export function cutPieces(body: Buffer, ranges: readonly ByteRange[], budget: TextBudget): ShownPiece[] {
  const regions = readRegions(body)
  return ranges
    .flatMap((range) => splitAt(regions, range))
    .map(({ where, start, end }) => {
      const [from, until] = [wholeStart(body, start), wholeEnd(body, end)]
      const told = showText(body.subarray(from, until), budget)
      return { offset: from, length: until - from, where, ...told }
    })
}

/** The beginning of some bytes as text, as far as the budget goes. */
export function showText(bytes: Buffer, budget: TextBudget): { text: string; truncated: boolean } {
  const truncated = bytes.length > budget.left
  const shown = truncated ? bytes.subarray(0, wholeStart(bytes, budget.left)) : bytes
  budget.left -= shown.length
  return { text: shown.toString('utf8'), truncated }
}

/** A stretch of a body that has a name, from `start` to where the next one begins. */
interface Region {
  readonly where: string | null
  readonly start: number
}

/** Lists that are told apart by their elements. */
const LISTS = ['messages', 'tools', 'system']

/** The members of a request in order; nothing but one stretch without a name where it is no JSON. */
function readRegions(body: Buffer): readonly Region[] {
  const unnamed: Region = { where: null, start: 0 }
  try {
    const scanned = scanTopLevel(body)
    const ends = knownEnds(scanned)
    const named = scanned.members.flatMap(({ name, nameStart, valueStart }): Region[] => {
      const elements = LISTS.includes(name) ? elementsOf(body, valueStart, ends) : []
      return [
        { where: name, start: nameStart },
        ...elements.map(({ start }, index) => ({ where: `${name}[${index}]`, start })),
      ]
    })
    return [unnamed, ...named]
  } catch (error) {
    if (error instanceof JsonError) return [unnamed]
    throw error
  }
}

function splitAt(
  regions: readonly Region[],
  { offset, length }: ByteRange,
): readonly { readonly where: string | null; readonly start: number; readonly end: number }[] {
  const end = offset + length
  return regions.flatMap(({ where, start }, index) => {
    const from = Math.max(offset, start)
    const until = Math.min(end, regions[index + 1]?.start ?? end)
    return from < until ? [{ where, start: from, end: until }] : []
  })
}

/** Back to the first byte of the character in whose middle a place may be. */
function wholeStart(bytes: Buffer, place: number): number {
  for (let at = place; at > place - 4 && at >= 0; at--) if (!isInner(bytes[at])) return at
  return place
}

/** On to the end of the character in whose middle a place may be. */
function wholeEnd(bytes: Buffer, place: number): number {
  for (let at = place; at < place + 4; at++) if (!isInner(bytes[at])) return at
  return place
}

/** Whether a byte goes on with a character of UTF-8 that began before it. */
function isInner(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

import type { ByteRange } from '../bodies/body-reader.ts'

/** A stretch of a body that rules are applied to. */
export interface Window {
  readonly start: number
  readonly end: number
}

/** Words that say of what follows that it is a secret, and that stand in front of it. */
const MARGIN_BYTES = 256

/** A secret that began before a spot is looked at from its beginning; none that is known is longer. */
const REACH_BYTES = 20_000

/** Bytes that a secret may be made of: no space and no quote. Backslashes are, as they stand between the lines of a private key. */
const IN_SECRET = new Uint8Array(256)
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_.~%@:-\\') {
  IN_SECRET[letter.charCodeAt(0)] = 1
}

/**
 * Where rules have to look so that they find everything that lies over one of the spots: around each, to the ends of the
 * words that it cuts, and some way further. Windows that meet are one. The spots are in order.
 */
export function widen(body: Buffer, spots: readonly ByteRange[]): Window[] {
  const windows: { start: number; end: number }[] = []
  for (const { offset, length } of spots) {
    const start = startOf(body, offset)
    const end = endOf(body, offset + length)
    const last = windows.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else windows.push({ start, end })
  }
  return windows
}

/** A window that reaches further to the sides on which something found goes up to its edge, and so may go on behind it; undefined where nothing does. */
export function widenAgain(body: Buffer, { start, end }: Window, found: readonly Window[]): Window | undefined {
  const isCutAtStart = start > 0 && found.some((one) => one.start === start)
  const isCutAtEnd = end < body.length && found.some((one) => one.end === end)
  if (!isCutAtStart && !isCutAtEnd) return undefined
  return {
    start: isCutAtStart ? startOf(body, Math.max(0, start - REACH_BYTES)) : start,
    end: isCutAtEnd ? endOf(body, Math.min(body.length, end + REACH_BYTES)) : end,
  }
}

function startOf(body: Buffer, spot: number): number {
  const farthest = Math.max(0, spot - REACH_BYTES)
  let start = spot
  while (start > farthest && IN_SECRET[body[start - 1]!] === 1) start -= 1
  start = Math.max(0, start - MARGIN_BYTES)
  // Neither a letter of several bytes nor an escape is cut in two.
  while (start > 0 && ((body[start]! & 0xc0) === 0x80 || body[start - 1] === 0x5c)) start -= 1
  return start
}

function endOf(body: Buffer, spot: number): number {
  const farthest = Math.min(body.length, spot + REACH_BYTES)
  let end = spot
  while (end < farthest && IN_SECRET[body[end]!] === 1) end += 1
  end = Math.min(body.length, end + MARGIN_BYTES)
  while (end < body.length && ((body[end]! & 0xc0) === 0x80 || body[end - 1] === 0x5c)) end += 1
  return end
}

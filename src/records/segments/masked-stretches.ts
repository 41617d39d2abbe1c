import type { MaskedRange } from '../bodies/body-reader.ts'

/** The masked stretches that lie in `[from, to)`, cut to it; the list is in order and without overlap. */
export function maskedWithin(stretches: readonly MaskedRange[], from: number, to: number): MaskedRange[] {
  const within: MaskedRange[] = []
  for (let at = firstEndingBehind(stretches, from); at < stretches.length; at += 1) {
    const { offset, length, rule } = stretches[at]!
    if (offset >= to) break
    const start = Math.max(offset, from)
    within.push({ offset: start, length: Math.min(offset + length, to) - start, rule })
  }
  return within
}

/** Whether every byte of `[from, to)` is masked. */
export function isMasked(stretches: readonly MaskedRange[], from: number, to: number): boolean {
  let covered = from
  for (let at = firstEndingBehind(stretches, from); at < stretches.length && covered < to; at += 1) {
    const { offset, length } = stretches[at]!
    if (offset > covered) return false
    covered = offset + length
  }
  return covered >= to
}

/** Adds a stretch to the end of a list, to its last one where that goes on by the same rule. */
export function appendMasked(stretches: MaskedRange[], stretch: MaskedRange): void {
  const last = stretches.at(-1)
  if (last !== undefined && last.rule === stretch.rule && last.offset + last.length === stretch.offset) {
    stretches[stretches.length - 1] = { ...last, length: last.length + stretch.length }
  } else if (stretch.length > 0) stretches.push(stretch)
}

/** By halving: a segment may have thousands of them. */
function firstEndingBehind(stretches: readonly MaskedRange[], position: number): number {
  let low = 0
  let high = stretches.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const { offset, length } = stretches[middle]!
    if (offset + length > position) high = middle
    else low = middle + 1
  }
  return low
}

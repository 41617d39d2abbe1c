import type { Finder } from '../../core/masking/finder.ts'
import type { Mask, Masking } from '../segments/chapter-index.ts'
import { createCover, looksLikeJson } from './cover.ts'
import { findInBytes } from './find-in-bytes.ts'
import { widen, widenAgain } from './windows.ts'

/**
 * Masks a body where it is new. Rules are applied to the new bytes and to what stands around them, as far as a secret may
 * reach: one that began in an earlier body, or in another part of this one, is found whole.
 */
export function createMask(finders: readonly Finder[]): Mask {
  return (body, spots) => {
    const isJson = looksLikeJson(body)
    const cover = createCover(body)
    const maskings: Masking[] = []
    let masked = 0
    for (const window of widen(body, spots)) {
      let found = findInBytes(body, window, finders, isJson)
      const wider = widenAgain(body, window, found)
      if (wider !== undefined) found = findInBytes(body, wider, finders, isJson)
      for (const { start, end, rule } of found) {
        const from = Math.max(start, masked)
        if (end <= from) continue
        maskings.push(...cover(from, end, rule))
        masked = end
      }
    }
    return maskings
  }
}

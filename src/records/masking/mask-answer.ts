import { type Finder, findSecrets } from '../../core/masking/finder.ts'
import type { MaskedRange } from '../bodies/body-reader.ts'
import type { Masking } from '../segments/chapter-index.ts'
import { appendMasked } from '../segments/masked-stretches.ts'
import { createCover, looksLikeJson } from './cover.ts'
import { type FoundBytes, findInBytes } from './find-in-bytes.ts'
import { readWrittenText } from './read-written-text.ts'
import { joinViews, viewText } from './text-view.ts'

/** Bytes in which what the rules find is covered, as long as before. */
export interface MaskedAnswer {
  readonly bytes: Buffer
  readonly masked: readonly MaskedRange[]
}

/**
 * Masks an answer, an error or whatever else stands for itself. In a stream a model writes a few letters at a time: a
 * secret that is spread over events is found in the text that they come to, and covered in each of them.
 */
export function maskAnswer(bytes: Buffer, finders: readonly Finder[]): MaskedAnswer {
  const found = [
    ...findInBytes(bytes, { start: 0, end: bytes.length }, finders, looksLikeJson(bytes)),
    ...findAcrossEvents(bytes, finders),
  ].toSorted((a, b) => a.start - b.start)
  if (found.length === 0) return { bytes, masked: [] }
  const cover = createCover(bytes)
  const copy = Buffer.from(bytes)
  const masked: MaskedRange[] = []
  let covered = 0
  for (const { start, end, rule } of found) {
    const from = Math.max(start, covered)
    if (end <= from) continue
    for (const masking of cover(from, end, rule)) {
      paint(copy, masking)
      appendMasked(masked, { offset: masking.offset, length: masking.length, rule })
    }
    covered = end
  }
  return { bytes: copy, masked }
}

function paint(bytes: Buffer, { offset, length, by }: Masking): void {
  bytes.fill(by, offset, offset + length)
}

/** What the rules find in the text of each block, as stretches of the events that it came in. */
function findAcrossEvents(bytes: Buffer, finders: readonly Finder[]): FoundBytes[] {
  const found: FoundBytes[] = []
  for (const pieces of readWrittenText(bytes)) {
    if (pieces.length < 2) continue
    const whole = joinViews(pieces.map(({ start, end }) => viewText(bytes, start, end, true)))
    for (const { start, end, rule } of findSecrets(whole.text, finders)) {
      for (const stretch of whole.stretches(start, end)) found.push({ ...stretch, rule })
    }
  }
  return found
}

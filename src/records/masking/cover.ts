import { TOO_MANY } from '../../core/masking/finder.ts'
import type { Masking } from '../segments/chapter-index.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LINE_END = 0x0a
const STAR = 0x2a
const NINE = 0x39
const STRUCTURE = new Set(Buffer.from('{}[]:,"\n\r\t '))

/** Turns what was found in a body into what is to be masked of it. Has to be asked in the order of the bytes. */
export type Cover = (start: number, end: number, rule: string) => Masking[]

/**
 * Inside a string of JSON every byte gives way to a star, escapes and all. Outside of one, marks of structure stay and the
 * rest, which can only be a number or a word, gives way to nines: what is kept can be parsed as what was sent. Bytes that
 * are no JSON give way to stars, and so does all that has too much in it to be told.
 */
export function createCover(body: Buffer): Cover {
  if (!looksLikeJson(body)) return (start, end, rule) => [{ offset: start, length: end - start, rule, by: STAR }]
  let at = 0
  let isInString = false

  /** Goes on to a byte, and keeps in mind whether it stands in a string. A line never ends in one: each event of a stream begins anew. */
  function walk(to: number): void {
    for (; at < to; at += 1) {
      const byte = body[at]
      if (byte === BACKSLASH && isInString) at += 1
      else if (byte === QUOTE) isInString = !isInString
      else if (byte === LINE_END) isInString = false
    }
  }

  return (start, end, rule) => {
    if (rule === TOO_MANY) return [{ offset: start, length: end - start, rule, by: STAR }]
    const maskings: Masking[] = []
    walk(start)
    while (at < end) {
      const from = Math.max(at, start)
      const wasInString = isInString
      walk(from + 1)
      const to = Math.min(at, end)
      const isMark = wasInString ? !isInString : STRUCTURE.has(body[from]!)
      if (isMark) continue
      const by = wasInString ? STAR : NINE
      const last = maskings.at(-1)
      if (last !== undefined && last.by === by && last.offset + last.length === from) {
        maskings[maskings.length - 1] = { ...last, length: to - last.offset }
      } else maskings.push({ offset: from, length: to - from, rule, by })
    }
    return maskings
  }
}

/** An object, a list, or a stream of events, whose data are such. */
export function looksLikeJson(body: Buffer): boolean {
  return /^\s*(?:[{[]|event:|data:|id:|retry:|:)/.test(body.toString('latin1', 0, 64))
}

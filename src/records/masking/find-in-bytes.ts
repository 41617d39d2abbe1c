import { type Finder, findSecrets } from '../../core/masking/finder.ts'
import { viewText } from './text-view.ts'

/** Something found, in bytes. */
export interface FoundBytes {
  readonly start: number
  readonly end: number
  readonly rule: string
}

/**
 * What the rules find in the bytes `[start, end)`, in order and without overlap. In what is no JSON a backslash may be one, or
 * begin an escape: both readings are searched.
 */
export function findInBytes(
  bytes: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
  finders: readonly Finder[],
  isJson: boolean,
): FoundBytes[] {
  const asJson = findIn(bytes, start, end, finders, true)
  if (isJson || bytes.subarray(start, end).indexOf(0x5c) === -1) return asJson
  return [...asJson, ...findIn(bytes, start, end, finders, false)].toSorted((a, b) => a.start - b.start)
}

function findIn(bytes: Buffer, start: number, end: number, finders: readonly Finder[], escapes: boolean): FoundBytes[] {
  const view = viewText(bytes, start, end, escapes)
  return findSecrets(view.text, finders).map((found) => ({
    start: view.byteAt(found.start),
    end: view.byteAt(found.end),
    rule: found.rule,
  }))
}

import type { ByteRange } from '../bodies/body-reader.ts'
import { isNew, type Part } from './lay-out.ts'
import type { Base } from './take-apart.ts'

/**
 * The spots of a body that have not been seen as they stand here: new bytes, and seams (of no length) where bytes meet that
 * did not before. A secret that was cut in two, and one whose halves come together only now, lie over such a spot.
 * `isJoint` says of an offset in a segment whether the bytes on its sides did not follow each other in their body.
 */
export function spotsOf(
  body: Buffer,
  parts: readonly Part[],
  base: Base | undefined,
  isJoint: (segment: number, offset: number) => boolean,
): ByteRange[] {
  const spots: ByteRange[] = []
  if (base === undefined || base.start === 0) spots.push({ offset: 0, length: 0 })
  let before: Part | undefined
  for (const part of parts) {
    if (isNew(part)) spots.push({ offset: part.at, length: part.length })
    else if (before !== undefined && !isNew(before) && !followsOn(before, part, isJoint))
      spots.push({ offset: part.at, length: 0 })
    before = part
  }
  if (base === undefined || base.end === 0) spots.push({ offset: body.length, length: 0 })
  return spots
}

/** Whether both are kept side by side, and have stood side by side in a body. */
function followsOn(before: Part, part: Part, isJoint: (segment: number, offset: number) => boolean): boolean {
  const last = before.ranges?.at(-1)
  const first = part.ranges?.[0]
  if (last === undefined || first === undefined || last.segment !== first.segment) return false
  return last.offset + last.length === first.offset && !isJoint(first.segment, first.offset)
}

import { z } from 'zod'

/** More than anybody hands in at once. */
const ITEMS_MAX = 1_000

/** It is the body itself, so no name of a member tells what is empty or too long. */
function listOf<Item extends z.ZodType>(item: Item) {
  return z
    .array(item)
    .min(1, 'the list may not be empty')
    .max(ITEMS_MAX, `the list has to have at most ${ITEMS_MAX} entries`)
}

/**
 * One thing, or a list of them. Portkey's official client turns a list into an object whose names are `0`, `1`, …, which is
 * taken for the list that it was.
 */
export function oneOrMore<Item extends z.ZodType>(item: Item) {
  const numbered = z
    .record(z.string().regex(/^\d{1,4}$/), item)
    .refine((items) => Object.hasOwn(items, '0'), { abort: true })
  return z
    .union([item, listOf(item), numbered], { error: 'the body has to be a JSON object, or a list of them' })
    .transform((value): readonly z.output<Item>[] => {
      if (Array.isArray(value)) return value
      const isNumbered = Object.hasOwn(value as object, '0')
      return isNumbered ? Object.values(value as Record<string, z.output<Item>>) : [value as z.output<Item>]
    })
}

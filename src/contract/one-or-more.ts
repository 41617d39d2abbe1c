import { z } from 'zod'

/** More than anybody hands in at once. */
export const ITEMS_MAX = 1_000

/**
 * One thing, or a list of them. Portkey's official client turns a list into an object whose names are `0`, `1`, …, which is
 * taken for the list that it was.
 */
export function oneOrMore<Item extends z.ZodType>(item: Item) {
  const numbered = z
    .record(z.string().regex(/^\d{1,4}$/), item)
    .refine((items) => Object.hasOwn(items, '0'), { abort: true })
  return z
    .union([item, z.array(item).min(1).max(ITEMS_MAX), numbered])
    .transform((value): readonly z.output<Item>[] => {
      if (Array.isArray(value)) return value
      const isNumbered = Object.hasOwn(value as object, '0')
      return isNumbered ? Object.values(value as Record<string, z.output<Item>>) : [value as z.output<Item>]
    })
}

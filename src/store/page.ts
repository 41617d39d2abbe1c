import type { SelectQueryBuilder } from 'kysely'
import type { Tables } from './schema.ts'

/** A window on a list: skip `offset`, take at most `limit`. */
export interface Window {
  readonly offset: number
  readonly limit: number
}

/** Some items of a list, and how many the whole list has. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly total: number
}

/** The rows of an ordered query that lie in the window, each as `show` has it. The query must not group or limit by itself. */
export async function readPage<Table extends keyof Tables, Row, Item>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  { offset, limit }: Window,
  show: (row: NoInfer<Row>) => Item,
): Promise<Page<Item>> {
  const rows = await query.offset(offset).limit(limit).execute()
  const { total } = await query
    .clearSelect()
    .clearOrderBy()
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return { items: rows.map((row) => show(row as Row)), total }
}

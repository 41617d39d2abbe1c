import type { Database } from './database.ts'

/** What the content of an exchange says of it. The preview is content itself. */
export interface TurnFactsRow {
  readonly freshBytes: number
  readonly toolsCalled: readonly string[]
  readonly preview: string | null
}

/** Of exchanges by their ids; those whose content was not kept are missing. */
export async function readTurnFacts(
  db: Database,
  exchangeIds: readonly string[],
): Promise<ReadonlyMap<string, TurnFactsRow>> {
  if (exchangeIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('turns')
    .select(['id', 'fresh_bytes', 'tools_called', 'preview'])
    .where('id', 'in', exchangeIds)
    .execute()
  return new Map(
    rows.map(({ id, fresh_bytes: freshBytes, tools_called: tools, preview }) => [
      id,
      { freshBytes, toolsCalled: JSON.parse(tools) as string[], preview },
    ]),
  )
}

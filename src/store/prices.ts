import type { Database } from './database.ts'

/** One price table and from when on it holds. Versions are never edited: what a call cost then, it cost. */
export interface PriceVersion {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly validFrom: number
  /** Who says so: `built-in` for the tables that ship with the gateway. */
  readonly source: string
  /** JSON, as core/pricing.ts reads it. */
  readonly tableJson: string
  readonly createdAt: number
}

/** Fails as `duplicate` when the id is taken. */
export async function insertPriceVersion(db: Database, version: PriceVersion): Promise<void> {
  await db
    .insertInto('price_versions')
    .values({
      id: version.id,
      valid_from: version.validFrom,
      source: version.source,
      table_json: version.tableJson,
      created_at: version.createdAt,
    })
    .execute()
}

/** Newest first, by the moment from which they hold; of two for one moment the one that was entered last corrects the other. */
export async function listPriceVersions(db: Database): Promise<readonly PriceVersion[]> {
  const rows = await db
    .selectFrom('price_versions')
    .selectAll()
    .orderBy('valid_from', 'desc')
    .orderBy('created_at', 'desc')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    validFrom: row.valid_from,
    source: row.source,
    tableJson: row.table_json,
    createdAt: row.created_at,
  }))
}

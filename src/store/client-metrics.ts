import { sql } from 'kysely'
import type { Database } from './database.ts'
import type { ExchangeScope } from './exchanges.ts'

/** What a client has counted of itself within a day. */
export interface ClientCount {
  /** Where the day begins in the organisation's zone, in milliseconds since the epoch. */
  readonly start: number
  readonly organisationId: string
  readonly workspaceId: string
  readonly keyId: string
  readonly userId: string | undefined
  readonly name: string
  /** JSON object of what tells its kinds apart, its names in order. */
  readonly attributes: string
  readonly value: number
}

const BATCH_ROWS = 500

/** Adds to what is there, in one transaction. No two of them may be of the same row. */
export async function addClientCounts(db: Database, counts: readonly ClientCount[]): Promise<void> {
  const rows = counts.map(({ start, organisationId, workspaceId, keyId, userId, name, attributes, value }) => ({
    start,
    organisation_id: organisationId,
    workspace_id: workspaceId,
    user_id: userId ?? '',
    key_id: keyId,
    name,
    attributes,
    value,
  }))
  if (rows.length === 0) return
  await db.transaction().execute(async (tx) => {
    for (let from = 0; from < rows.length; from += BATCH_ROWS) {
      await tx
        .insertInto('client_metric_days')
        .values(rows.slice(from, from + BATCH_ROWS))
        .onConflict((conflict) =>
          conflict
            .columns(['start', 'workspace_id', 'user_id', 'key_id', 'name', 'attributes'])
            .doUpdateSet({ value: sql<number>`client_metric_days.value + excluded.value` }),
        )
        .execute()
    }
  })
}

export type ClientGroup = 'workspace_id' | 'user_id' | 'key_id'

export interface ClientCountQuestion extends ExchangeScope {
  /** Milliseconds since the epoch: days that begin at or after the first and before the second. */
  readonly since: number
  readonly until: number
  readonly groupBy: ClientGroup
}

/** Sums by day, group and kind. */
export async function sumClientCounts(
  db: Database,
  { organisationId, workspaceId, keyId, userId, since, until, groupBy }: ClientCountQuestion,
): Promise<readonly { start: number; group: string; name: string; attributes: string; value: number }[]> {
  let matching = db
    .selectFrom('client_metric_days')
    .where('organisation_id', '=', organisationId)
    .where('start', '>=', since)
    .where('start', '<', until)
  if (workspaceId !== undefined) matching = matching.where('workspace_id', '=', workspaceId)
  if (keyId !== undefined) matching = matching.where('key_id', '=', keyId)
  if (userId !== undefined) matching = matching.where('user_id', '=', userId)
  return await matching
    .groupBy(['start', groupBy, 'name', 'attributes'])
    .select(['start', `${groupBy} as group`, 'name', 'attributes', sql<number>`sum(value)`.as('value')])
    .orderBy('start')
    .execute()
}

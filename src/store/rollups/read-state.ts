import { sql } from 'kysely'
import type { Database } from '../database.ts'
import { engineOf } from '../engine.ts'
import { readSetting, writeSetting } from '../settings.ts'
import { readState, ROLL_UPS, ROLL_UPS_LOCK, writeState, type RollUpState } from './state.ts'

/**
 * In whose hours and days the roll-ups are, and what of them is still being built: sums over moments from `building.from` on
 * are not complete.
 */
export async function readRollUpState(db: Database): Promise<RollUpState> {
  return readState(await readSetting(db, ROLL_UPS))
}

/** Changes the state, and what belongs to it, in one transaction in which nobody writes rows. */
export async function changeState(
  db: Database,
  change: (tx: Database, state: RollUpState) => Promise<RollUpState>,
): Promise<RollUpState> {
  return await db.transaction().execute(async (tx) => {
    if (engineOf(db) === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(ROLL_UPS_LOCK)})`.execute(tx)
    const before = await readRollUpState(tx)
    const after = await change(tx, before)
    if (after !== before) await writeSetting(tx, ROLL_UPS, writeState(after))
    return after
  })
}

/** The setting in which whoever deletes old rows notes how far. */
export const ROWS_FROM = 'rows_from'

/** From when on the rows of calls and exchanges are all there, in milliseconds since the epoch; 0 where none was ever deleted. */
export async function readRowsFrom(db: Database): Promise<number> {
  return Number((await readSetting(db, ROWS_FROM)) ?? 0)
}

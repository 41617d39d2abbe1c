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

/** The setting that says from when on the rows of calls and exchanges are all there. */
const ROWS_FROM = 'rows_from'

/** In milliseconds since the epoch; 0 where no row was ever deleted. */
export async function readRowsFrom(db: Database): Promise<number> {
  return Number((await readSetting(db, ROWS_FROM)) ?? 0)
}

/**
 * To be called before rows are deleted that were received before this moment. Says before which moment they may be: rows that are
 * still to be added up stay until they are.
 */
export async function noteRowsGoing(db: Database, before: number): Promise<number> {
  let until = before
  await changeState(db, async (tx, state) => {
    until = Math.min(before, state.building?.from ?? before)
    if (until > (await readRowsFrom(tx))) await writeSetting(tx, ROWS_FROM, String(until))
    return state
  })
  return until
}

import { CompiledQuery } from 'kysely'
import type { Database } from '../database.ts'
import { engineOf, type Engine } from '../engine.ts'
import { createCalendar } from './hour-and-day.ts'
import { changeState } from './read-state.ts'
import { addRowsText } from './tables.ts'
import { CALL_FACTS, createTally, EXCHANGE_FACTS, type Addition } from './tally.ts'

/** Rows of each kind in one step: some ten milliseconds of this thread. */
const STEP_ROWS = 500

/**
 * Adds up the next rows of a building that goes on, in one transaction: a process that dies in between goes on where the last
 * step ended. False when there is nothing left to build.
 */
export async function buildStep(db: Database, rowsAtOnce: number = STEP_ROWS): Promise<boolean> {
  const { building } = await changeState(db, async (tx, state) => {
    if (state.building === undefined) return state
    const { from, what } = state.building
    const until = await endOfStep(tx, from, rowsAtOnce)
    const tally = createTally(createCalendar(state.zone))
    const parts = { usage: what === 'all', tags: true, session: false }
    for (const exchange of await readExchanges(tx, from, until)) tally.addExchange(exchange, parts)
    if (what === 'all') for (const call of await readCalls(tx, from, until)) tally.addCall(call)
    for (const addition of tally.additions()) await addRows(tx, addition)
    const { zone } = state
    return until === undefined ? { zone } : { zone, building: { from: until, what } }
  })
  return building !== undefined
}

/** The moment before which about so many rows lie; undefined when fewer are left. */
async function endOfStep(tx: Database, from: number, rows: number): Promise<number | undefined> {
  const moments: number[] = []
  for (const table of ['exchanges', 'ledger_calls'] as const) {
    const row = await tx
      .selectFrom(table)
      .select('received_at')
      .where('received_at', '>=', from)
      .orderBy('received_at')
      .offset(rows)
      .limit(1)
      .executeTakeFirst()
    if (typeof row?.received_at === 'number') moments.push(row.received_at)
  }
  // Any number of rows may have come in one millisecond: they are taken together.
  return moments.length === 0 ? undefined : Math.max(from + 1, Math.min(...moments))
}

async function readExchanges(tx: Database, from: number, until: number | undefined) {
  let query = tx.selectFrom('exchanges').select(EXCHANGE_FACTS).where('received_at', '>=', from)
  if (until !== undefined) query = query.where('received_at', '<', until)
  return await query.execute()
}

async function readCalls(tx: Database, from: number, until: number | undefined) {
  let query = tx.selectFrom('ledger_calls').select(CALL_FACTS).where('received_at', '>=', from)
  if (until !== undefined) query = query.where('received_at', '<', until)
  return await query.execute()
}

/** Rows of one statement: SQLite takes 32,766 values. */
const ROWS_AT_ONCE = 200

async function addRows(tx: Database, { table, rows }: Addition): Promise<void> {
  const engine = engineOf(tx)
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    const some = rows.slice(at, at + ROWS_AT_ONCE)
    const text = addRowsText(table, `values ${marksFor(engine, some.length, table.columns.length)}`)
    await tx.executeQuery(CompiledQuery.raw(text, some.flat()))
  }
}

function marksFor(engine: Engine, rows: number, columns: number): string {
  const mark = (at: number) => (engine === 'postgres' ? `$${at + 1}` : '?')
  const rowOf = (row: number) => `(${Array.from({ length: columns }, (_, at) => mark(row * columns + at)).join(', ')})`
  return Array.from({ length: rows }, (_, row) => rowOf(row)).join(', ')
}

import type { BatchTable } from './database.ts'
import { insertRows } from './postgres-insert.ts'
import type { PostgresConnection, PostgresPool } from './postgres.ts'
import { createBatchAdder } from './rollups/add-batch.ts'
import { readState, ROLL_UPS, ROLL_UPS_LOCK, type RollUpState } from './rollups/state.ts'
import { addRowsText } from './rollups/tables.ts'
import type { Addition, CallFacts, ExchangeFacts } from './rollups/tally.ts'
import { storableText } from './storable-text.ts'

type Row = Parameters<typeof insertRows>[2][number]

/**
 * Writes batches: rows, and what the new ones among them add to the roll-ups, in one transaction. Gateways that write at the
 * same time do not wait for each other, except where both change the same row, and all change rows in the same order.
 */
export function createBatchWriter(pool: PostgresPool): (table: BatchTable, rows: readonly object[]) => Promise<void> {
  const adder = createBatchAdder()

  return async (table, rows) => {
    const connection = await pool.acquire()
    try {
      await connection.run(`begin; select pg_advisory_xact_lock_shared(${ROLL_UPS_LOCK})`)
      const additions = await write(connection, table, rows as readonly Row[]).catch(async (error: unknown) => {
        // It may be gone with its connection, which is the failure that counts.
        await connection.run('rollback').catch(() => undefined)
        throw error
      })
      await connection.run('commit')
      adder.committed(additions)
    } finally {
      pool.release(connection)
    }
  }

  async function write(
    connection: PostgresConnection,
    table: BatchTable,
    rows: readonly Row[],
  ): Promise<readonly Addition[]> {
    const inserted = new Set(await insertRows(connection, table, rows))
    // Deleting what was found leaves the second of two rows with the same id out.
    const fresh = rows.filter((row) => inserted.delete(row['id'] as string)) as readonly unknown[]
    const facts = fresh as readonly (CallFacts | ExchangeFacts)[]
    const additions = adder.additionsOf(table, facts, await readRollUpState(connection))
    for (const addition of additions) await addRows(connection, addition)
    return additions
  }
}

async function readRollUpState(connection: PostgresConnection): Promise<RollUpState> {
  const { rows } = await connection.query('select value from settings where name = $1', [ROLL_UPS])
  return readState(rows[0]?.['value'] as string | undefined)
}

async function addRows(connection: PostgresConnection, { table, rows }: Addition): Promise<void> {
  const names = table.columns.map((column) => `"${column}"`).join(', ')
  const objects = rows.map((row) => Object.fromEntries(table.columns.map((column, at) => [column, row[at]])))
  const source = `select ${names} from json_populate_recordset(null::"${table.name}", $1::json)`
  await connection.query(addRowsText(table, source), [JSON.stringify(objects, toJson)])
}

function toJson(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  return typeof value === 'string' ? storableText(value) : value
}

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { BatchTable } from './database.ts'
import { createBatchAdder } from './rollups/add-batch.ts'
import { readState, ROLL_UPS } from './rollups/state.ts'
import { addRowsText } from './rollups/tables.ts'
import { CALL_FACTS, EXCHANGE_FACTS, type Addition, type CallFacts, type ExchangeFacts } from './rollups/tally.ts'
import type { BatchRequest } from './sqlite-protocol.ts'

type Row = readonly SQLInputValue[]

/**
 * Writes batches in the thread that owns the database: rows, and what the new ones among them add to the roll-ups, in one
 * transaction and without a word to the main thread.
 */
export function createBatchWriter(
  database: DatabaseSync,
  prepare: (sql: string) => StatementSync,
): (request: BatchRequest) => number {
  const adder = createBatchAdder()

  return ({ table, columns, rows: text }) => {
    const rows = JSON.parse(text) as readonly Row[]
    const insert = prepare(insertText(table, columns))
    let additions: readonly Addition[]
    let inserted: readonly Row[]
    database.exec('begin immediate')
    try {
      inserted = rows.filter((row) => insert.run(...row).changes === 1)
      additions = adder.additionsOf(table, readFacts(table, columns, inserted), readRollUpState())
      for (const { table: sums, rows: added } of additions) {
        const add = prepare(addRowsText(sums, `values (${marksFor(sums.columns)})`))
        for (const row of added) add.run(...row)
      }
      database.exec('commit')
    } catch (error) {
      // A full disk may already have rolled the transaction back; a second rollback would hide the real error.
      if (database.isTransaction) database.exec('rollback')
      throw error
    }
    adder.committed(additions)
    return inserted.length
  }

  function readRollUpState() {
    const row = prepare('select value from settings where name = ?').get(ROLL_UPS)
    return readState(row?.['value'] as string | undefined)
  }
}

function insertText(table: BatchTable, columns: readonly string[]): string {
  const names = columns.map((column) => `"${column}"`).join(', ')
  return `insert into "${table}" (${names}) values (${marksFor(columns)}) on conflict (id) do nothing`
}

function marksFor(columns: readonly string[]): string {
  return columns.map(() => '?').join(', ')
}

/** Only the columns that are added up: making an object of all costs as much as the adding. */
function readFacts(
  table: BatchTable,
  columns: readonly string[],
  rows: readonly Row[],
): readonly (CallFacts | ExchangeFacts)[] {
  const names: readonly string[] = table === 'ledger_calls' ? CALL_FACTS : EXCHANGE_FACTS
  const wanted = names.map((name) => ({ name, at: columns.indexOf(name) }))
  return rows.map((row) => {
    const facts: Record<string, SQLInputValue> = {}
    for (const { name, at } of wanted) facts[name] = row[at] ?? null
    return facts as unknown as CallFacts | ExchangeFacts
  })
}

import type { PostgresConnection } from './postgres.ts'
import { isWide } from './postgres-values.ts'
import { storableText } from './storable-text.ts'

type Value = string | number | bigint | null

/**
 * Writes many rows in one statement and returns the ids of those that were not there before. All rows have the members of the
 * first. They travel as one JSON text: a parameter for each value would cost this thread twice as much.
 */
export async function insertRows(
  connection: PostgresConnection,
  table: string,
  rows: readonly Readonly<Record<string, Value>>[],
): Promise<readonly string[]> {
  const columns = Object.keys(rows[0] ?? {})
  const names = columns.map((column) => `"${column}"`).join(', ')
  const answer = await connection.query(
    `insert into "${table}" (${names})
      select ${names} from json_populate_recordset(null::"${table}", $1::json)
      on conflict (id) do nothing returning id`,
    [encodeRows(columns, rows)],
  )
  return answer.rows.map((row) => row['id'] as string)
}

/** A bigint goes as its digits, which an integer column reads without loss. */
function encodeRows(columns: readonly string[], rows: readonly Readonly<Record<string, Value>>[]): string {
  const wide = columns.filter(isWide)
  const text = JSON.stringify(rows.map((row) => withDigits(row, wide)))
  if (!UNSTORABLE.test(text)) return text
  // Perhaps a character that PostgreSQL takes nowhere, and perhaps only the six that stand for one in a document.
  return JSON.stringify(
    rows.map((row) => withDigits(row, wide)),
    (_, value: unknown) => (typeof value === 'string' ? storableText(value) : value),
  )
}

/** A NUL, or half of a letter: JSON writes whole letters as they are. */
const UNSTORABLE = /\\u(?:0000|d)/

function withDigits(row: Readonly<Record<string, Value>>, wide: readonly string[]): Readonly<Record<string, Value>> {
  const copy = { ...row }
  for (const column of wide) {
    const value = copy[column]
    if (typeof value === 'bigint') copy[column] = value.toString()
  }
  return copy
}

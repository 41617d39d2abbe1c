import pg from 'pg'
import { storableText } from './storable-text.ts'

/*
 * Values on their way to PostgreSQL and back, so that they are what SQLite makes of them: whoever asks a query never learns
 * which of the two has answered it.
 */

/** A parameter as the client library sends it. */
export type Parameter = string | number | bigint | boolean | Uint8Array | null

export function toParameter(value: unknown): Parameter {
  if (typeof value === 'string') return storableText(value)
  if (isParameter(value)) return value ?? null
  throw new TypeError('A query was given a value that no column can hold.')
}

function isParameter(value: unknown): value is Parameter | undefined {
  if (value === null || value === undefined || value instanceof Uint8Array) return true
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
}

/** For the client library: hands every value over as the server has written it. */
export const AS_TEXT = { getTypeParser: () => (text: string | Buffer) => text }

/** Rows as the library gives them with `AS_TEXT` and `rowMode: 'array'`. */
export interface TextRows {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** Rows by their columns' names. */
export function readRows({ fields, rows }: TextRows): Record<string, unknown>[] {
  const columns = fields.map(({ name, dataTypeID }) => ({ name, read: readerOf(name, dataTypeID) }))
  return rows.map((values) => {
    const row: Record<string, unknown> = {}
    columns.forEach(({ name, read }, index) => {
      const value = values[index] ?? null
      row[name] = value === null ? null : read(value)
    })
    return row
  })
}

/** Numbers of types, from PostgreSQL's catalogue `pg_type`, where they are fixed for all versions. */
const { BOOL, BYTEA, INT8, INT2, INT4, OID, FLOAT4, FLOAT8, NUMERIC } = pg.types.builtins

/** By the house rule, whose integers may pass 2^53. */
export function isWide(column: string): boolean {
  return column.endsWith('_nanos')
}

/** Sums of `bigint` columns come as `numeric`. */
function readerOf(name: string, type: number): (text: string) => unknown {
  switch (type) {
    case BOOL:
      return (text) => (text === 't' ? 1 : 0)
    case INT2:
    case INT4:
    case INT8:
    case OID:
    case NUMERIC:
      return isWide(name) ? BigInt : (text) => readNumber(name, text)
    case FLOAT4:
    case FLOAT8:
      return Number
    case BYTEA:
      return readBytes
    default:
      return (text) => text
  }
}

function readNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new RangeError(`The number in column ${name} passes 2^53: ${text}`)
  }
  return value
}

/** `\x` and hexadecimal digits, which is what servers write unless told otherwise. */
function readBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.slice(2), 'hex'))
}

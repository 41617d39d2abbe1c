import type { BodyReader } from '../../records/bodies/body-reader.ts'
import type { StoredExchange } from '../../store/exchanges.ts'
import type { AdminCaller } from '../caller.ts'
import { openContents } from '../content/content-right.ts'
import { referenceOf } from '../content/see-exchange.ts'
import { showDocument } from '../content/show-document.ts'
import { showLogs } from '../logs/show-log.ts'
import type { AdminParts } from '../parts.ts'
import { writeCsvLine } from './csv.ts'
import type { readWish } from './export-document.ts'

type Wish = ReturnType<typeof readWish>

export interface RowParts extends Pick<AdminParts, 'store' | 'clock'> {
  readonly bodies: BodyReader
}

/** What stands before the first row. */
export function writeHead({ format, columns }: Wish): string {
  return format === 'csv' ? writeCsvLine(columns) : ''
}

/**
 * Records as lines of the file, with content as far as the maker may open it: their own, and that of others by right and with a
 * reason, which leaves the same entries as if it had been opened one by one.
 */
export async function writeRows(
  parts: RowParts,
  maker: AdminCaller,
  wish: Wish,
  exchanges: readonly StoredExchange[],
): Promise<string> {
  // Nobody's preview is opened for a file that does not ask for content.
  const reader = wish.holdsContent ? maker : { ...maker, origin: { ...maker.origin, reason: undefined } }
  const logs = await showLogs(parts, reader, exchanges)
  const opened = wish.holdsContent ? await openContents(maker, exchanges, parts) : new Set<string>()
  const lines: string[] = []
  for (const [at, exchange] of exchanges.entries()) {
    const content = opened.has(exchange.id)
      ? await showDocument(parts.bodies, referenceOf(exchange), exchange.total_ms)
      : {}
    const row: Readonly<Record<string, unknown>> = { ...logs[at], ...content }
    const values = wish.columns.map((name) => row[name] ?? null)
    lines.push(
      wish.format === 'csv'
        ? writeCsvLine(values)
        : `${JSON.stringify(Object.fromEntries(wish.columns.map((name, column) => [name, values[column]])))}\n`,
    )
  }
  return lines.join('')
}

import type { z } from 'zod'
import { CONTENT_COLUMNS, USUAL_COLUMNS, type ExportCreate } from '../../contract/exports.ts'
import type { ExchangeFilter } from '../../store/exchanges.ts'
import type { LogExport } from '../../store/log-exports.ts'
import type { AdminCaller } from '../caller.ts'

/*
 * The documents in an export's row. The control plane wrote them from checked input, so reading them does not check again.
 */

/** What was asked for, in the words of the contract. */
export type ExportWish = Omit<z.output<typeof ExportCreate>, 'workspace_id' | 'description'>

export function writeWish(wish: ExportWish): string {
  return JSON.stringify(wish)
}

/** With what holds where nobody said. */
export function readWish({ request }: Pick<LogExport, 'request'>) {
  const {
    filters = {},
    requested_data: columns = [...USUAL_COLUMNS],
    format = 'jsonl',
  } = JSON.parse(request) as ExportWish
  return { filters, columns, format, holdsContent: columns.some((name) => CONTENT.includes(name)) }
}

const CONTENT: readonly string[] = CONTENT_COLUMNS

type Maker = Omit<AdminCaller, 'scopes'> & { readonly scopes: readonly string[] }

/** Who started it, with the rights of that moment. */
export function writeMaker({ scopes, ...caller }: AdminCaller): string {
  const maker: Maker = { ...caller, precondition: undefined, scopes: [...scopes] }
  return JSON.stringify(maker)
}

export function readMaker({ maker }: Pick<LogExport, 'maker'>): AdminCaller {
  const { scopes, ...caller } = JSON.parse(maker) as Maker
  return { ...caller, scopes: new Set(scopes) }
}

/** A filter as it was understood; JSON has no bigint, so those stand there as `{"nanos":"…"}`. */
export function writeExchangeFilter(filter: ExchangeFilter): string {
  return JSON.stringify(filter, (_name, value: unknown) =>
    typeof value === 'bigint' ? { nanos: String(value) } : value,
  )
}

export function readExchangeFilter(json: string): ExchangeFilter {
  return JSON.parse(json, (_name, value: unknown) => {
    const nanos = typeof value === 'object' && value !== null && 'nanos' in value ? value.nanos : undefined
    return typeof nanos === 'string' ? BigInt(nanos) : value
  }) as ExchangeFilter
}

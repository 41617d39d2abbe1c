import { readPriceTable, type PriceTable } from '../price-table.ts'
import table from './2026-11-23.json' with { type: 'json' }

/** The list prices that come with this release: the first version in a new store. */
export const listPrices: { readonly id: string; readonly json: unknown; readonly table: PriceTable } = {
  id: '2026-11-23',
  json: table,
  table: readPriceTable(table),
}

import { PriceVersionCreate, PriceVersionCreated } from '../../contract/prices.ts'
import { PriceTableError, readPriceTable } from '../../core/pricing.ts'
import { insertPriceVersion, listPriceVersions } from '../../store/prices.ts'
import { audited } from '../change.ts'
import { conflict, invalid } from '../error.ts'
import { route } from '../route.ts'

/** What calls have cost so far stays as it is: the account book keeps the price version of every call. */
export const addPrices = route({
  method: 'POST',
  path: '/prices',
  summary: 'Add a version of the price table',
  scope: ['organisation_settings.update'],
  body: PriceVersionCreate,
  reply: PriceVersionCreated,
  async handle({ caller, body: { id, valid_from: validFrom, source, table } }, parts) {
    requirePriceTable(table)
    await audited(parts, { caller, action: 'create', resource: 'price-version' }, async (tx, note) => {
      const versions = await listPriceVersions(tx)
      if (versions.some((version) => version.id === id)) {
        throw conflict(`There is a price version ${id} already. Versions are never edited: add one under another id.`)
      }
      await insertPriceVersion(tx, {
        id,
        validFrom: Date.parse(validFrom),
        source,
        tableJson: JSON.stringify(table),
        createdAt: parts.clock.now(),
      })
      note({ id, after: { id, valid_from: validFrom, source, table } })
    })
    return { id, object: 'price-version' as const }
  },
})

function requirePriceTable(table: unknown): void {
  try {
    readPriceTable(table)
  } catch (error) {
    if (error instanceof PriceTableError) throw invalid(`table: ${error.message}`)
    throw error
  }
}

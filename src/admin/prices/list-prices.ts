import type { z } from 'zod'
import { PriceVersionList, type PriceVersion } from '../../contract/prices.ts'
import * as prices from '../../store/prices.ts'
import { showPage } from '../page.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'

export const listPrices = route({
  method: 'GET',
  path: '/prices',
  summary: 'List the versions of the price table, newest first',
  scope: ['organisation_settings.read'],
  reply: PriceVersionList,
  async handle(_request, { store, clock }) {
    const versions = await prices.listPriceVersions(store.db)
    const current = versions.find(({ validFrom }) => validFrom <= clock.now())
    return showPage({ items: versions, total: versions.length }, (version) =>
      showVersion(
        version,
        version === current ? 'current' : version.validFrom > clock.now() ? 'scheduled' : 'superseded',
      ),
    )
  },
})

type Shown = z.output<typeof PriceVersion>

function showVersion(version: prices.PriceVersion, status: Shown['status']): Shown {
  return {
    id: version.id,
    valid_from: showMoment(version.validFrom),
    source: version.source,
    status,
    created_at: showMoment(version.createdAt),
    object: 'price-version',
  }
}

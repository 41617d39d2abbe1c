import { HoldList } from '../../contract/records.ts'
import { listLegalHolds } from '../../store/legal-holds.ts'
import { route } from '../route.ts'
import { showHold } from './show-hold.ts'

export const listHolds = route({
  method: 'GET',
  path: '/records/holds',
  summary: 'List the legal holds, newest first',
  scope: ['organisation_settings.read'],
  reply: HoldList,
  async handle({ caller }, { store }) {
    const holds = await listLegalHolds(store.db, caller.organisationId)
    return { object: 'list' as const, total: holds.length, data: holds.map(showHold) }
  },
})

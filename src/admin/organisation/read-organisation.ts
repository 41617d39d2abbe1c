import { Organisation } from '../../contract/organisation.ts'
import { route } from '../route.ts'
import { seeOrganisation } from './see-organisation.ts'
import { showOrganisation } from './show-organisation.ts'

export const readOrganisation = route({
  method: 'GET',
  path: '/organisation',
  summary: 'Read what holds for everybody: settings and limits of the organisation',
  scope: ['organisation_settings.read'],
  reply: Organisation,
  async handle({ caller }, parts) {
    const { db } = parts.store
    return showOrganisation(db, await seeOrganisation(db, caller), parts)
  },
})

import { EntityQuery, PolicyEntityList } from '../../contract/policies.ts'
import { showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { entitiesOf } from './policy-entities.ts'
import { seePolicy } from './see-policy.ts'

export const listEntities = route({
  method: 'GET',
  path: '/policies/usage-limits/:id/entities',
  summary: 'List what each combination of values has used of a budget with conditions, the fullest first',
  scope: ['policies.read'],
  query: EntityQuery,
  reply: PolicyEntityList,
  async handle({ caller, params, query }, { store, limits }) {
    const policy = await seePolicy(store.db, caller, 'usage-limits', params.id)
    const part = query.search?.toLowerCase() ?? ''
    const found = entitiesOf(policy, limits).filter(
      ({ shown }) =>
        (query.status === undefined || shown.status === query.status) && shown.value_key.toLowerCase().includes(part),
    )
    const { offset, limit } = windowOf(query)
    return showPage({ items: found.slice(offset, offset + limit), total: found.length }, ({ shown }) => shown)
  },
})

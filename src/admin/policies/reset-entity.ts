import { Nothing } from '../../contract/fields.ts'
import { resetBucket } from '../../store/policies.ts'
import { audited } from '../change.ts'
import { missing } from '../error.ts'
import { route } from '../route.ts'
import { bucketOfEntity, showEntity } from './policy-entities.ts'
import { seePolicy } from './see-policy.ts'

/** The other combinations of values go on as they are. */
export const resetEntity = route({
  method: 'PUT',
  path: '/policies/usage-limits/:id/entities/:eid/reset',
  summary: 'Begin the budget of one combination of values anew',
  scope: ['policies.update'],
  reply: Nothing,
  async handle({ caller, params }, parts) {
    await audited(parts, { caller, action: 'reset', resource: 'usage-policy' }, async (tx, note) => {
      const policy = await seePolicy(tx, caller, 'usage-limits', params.id)
      const bucket = bucketOfEntity(policy, params.eid)
      const { terms } = policy.limit
      if (bucket === undefined || terms.kind !== 'budget') throw missing(`The entity ${params.eid}`)
      const before = showEntity(policy, bucket, terms, parts.limits)
      await resetBucket(tx, bucket, parts.clock.now())
      note({ id: policy.id, workspaceId: policy.workspaceId, before })
    })
    return {}
  },
})

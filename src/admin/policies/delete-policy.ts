import { Nothing } from '../../contract/fields.ts'
import { deletePolicy } from '../../store/policies.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { seePolicy } from './see-policy.ts'
import { showRatePolicy, showUsagePolicy } from './show-policy.ts'

export const deleteUsagePolicy = route({
  method: 'DELETE',
  path: '/policies/usage-limits/:id',
  summary: 'Delete a budget with conditions',
  scope: ['policies.delete'],
  reply: Nothing,
  async handle({ caller, params }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'usage-policy' }, async (tx, note) => {
      const policy = await seePolicy(tx, caller, 'usage-limits', params.id)
      await deletePolicy(tx, policy.id)
      note({ id: policy.id, workspaceId: policy.workspaceId, before: showUsagePolicy(policy, parts.limits) })
    })
    return {}
  },
})

export const deleteRatePolicy = route({
  method: 'DELETE',
  path: '/policies/rate-limits/:id',
  summary: 'Delete a rate limit with conditions',
  scope: ['policies.delete'],
  reply: Nothing,
  async handle({ caller, params }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'rate-policy' }, async (tx, note) => {
      const policy = await seePolicy(tx, caller, 'rate-limits', params.id)
      await deletePolicy(tx, policy.id)
      note({ id: policy.id, workspaceId: policy.workspaceId, before: showRatePolicy(policy) })
    })
    return {}
  },
})

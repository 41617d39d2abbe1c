/** Asks the admin API as an administrator; throws when it does not answer with a success. */
export type AskAdmin = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>

/** Whom the limits are about. */
export interface Limited {
  readonly workspaceId: string
  readonly userId: string
  readonly keyId: string
  /** `@slug` without the `@`. */
  readonly provider: string
}

/** Large enough that nothing is ever refused. */
const BUDGET = { type: 'cost', credit_limit: 1_000_000, periodic_reset: 'monthly' } as const
const MANY = 1_000_000

/** Twelve limits on five levels: a budget and a rate limit of each, and a policy of either kind in a bucket for each model. */
export async function setTwelveLimits(ask: AskAdmin, { workspaceId, userId, keyId, provider }: Limited): Promise<void> {
  const levels = [
    { path: '/v1/organisation', rate: { type: 'tokens', unit: 'rpm', value: MANY * 1_000 } },
    { path: `/v1/admin/workspaces/${workspaceId}`, rate: { type: 'requests', unit: 'rpm', value: MANY } },
    { path: `/v1/admin/users/${userId}`, rate: { type: 'requests', unit: 'rph', value: MANY } },
    { path: `/v1/api-keys/${keyId}`, rate: { type: 'concurrency', value: 100 } },
    { path: `/v1/providers/${provider}`, rate: { type: 'requests', unit: 'rpm', value: MANY } },
  ]
  for (const { path, rate } of levels) await ask('PUT', path, { usage_limits: BUDGET, rate_limits: [rate] })
  const conditions = [{ key: 'workspace_id', value: workspaceId }]
  const group_by = [{ key: 'model' }]
  await ask('POST', '/v1/policies/usage-limits', { name: 'each model', conditions, group_by, ...BUDGET })
  const rate = { type: 'requests', unit: 'rpm', value: MANY }
  await ask('POST', '/v1/policies/rate-limits', { name: 'each model', conditions, group_by, ...rate })
}

import type { PolicyCondition } from '../../limits/policy-conditions.ts'
import type { SavedConfig } from '../../store/configs.ts'
import type { Database } from '../../store/database.ts'
import { listPolicies, type LimitedPolicy } from '../../store/policies.ts'
import { listProviders, type ListedProvider } from '../../store/providers.ts'

/** Policies whose conditions mean this provider and would mean nothing without it, in words: `the policy “Opus”`. */
export async function policiesNamingProvider(
  db: Database,
  organisationId: string,
  { id, slug, workspaceId }: ListedProvider,
): Promise<readonly string[]> {
  const everyOne = { offset: 0, limit: 100_000 }
  const { items: providers } = await listProviders(db, organisationId, {}, everyOne)
  const isLast = !providers.some((other) => other.id !== id && other.slug === slug)
  return policiesWith(db, organisationId, (condition, policy) => {
    if (!['provider', 'virtual_key', 'model'].includes(condition.key)) return false
    const values = [condition.value].flat()
    if (values.includes(id)) return true
    const meansSlug = policy.workspaceId === undefined ? isLast : policy.workspaceId === workspaceId
    const isSlug = (value: string) => (condition.key === 'model' ? value.startsWith(`@${slug}/`) : value === slug)
    return meansSlug && values.some(isSlug)
  })
}

/** The same for a config. */
export async function policiesNamingConfig(
  db: Database,
  { organisationId, slug }: SavedConfig,
): Promise<readonly string[]> {
  return policiesWith(
    db,
    organisationId,
    (condition) => condition.key === 'config' && [condition.value].flat().includes(slug),
  )
}

async function policiesWith(
  db: Database,
  organisationId: string,
  means: (condition: PolicyCondition, policy: LimitedPolicy) => boolean,
): Promise<readonly string[]> {
  const found: string[] = []
  for (const kind of ['usage-limits', 'rate-limits'] as const) {
    const { items } = await listPolicies(db, organisationId, { kind })
    for (const policy of items) {
      if (policy.conditions.some((condition) => means(condition, policy))) found.push(`the policy “${policy.name}”`)
    }
  }
  return found
}

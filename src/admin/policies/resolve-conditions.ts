import { providerKind } from '../../contract/provider-kinds.ts'
import type { PolicyCondition } from '../../limits/policy-conditions.ts'
import { listConfigs } from '../../store/configs.ts'
import type { Database } from '../../store/database.ts'
import { findKey } from '../../store/keys.ts'
import { worksIn } from '../../store/members.ts'
import { listProviders } from '../../store/providers.ts'
import { findUser } from '../../store/users.ts'
import { findWorkspace } from '../../store/workspaces.ts'
import { invalid } from '../error.ts'

/** Where a policy lives: its conditions can only mean what is there. */
export interface PolicyPlace {
  readonly organisationId: string
  /** Undefined for the whole organisation. */
  readonly workspaceId: string | undefined
}

/**
 * Conditions with names (slugs, addresses) in the place of which ids are kept. A value that means nothing is refused: it would be a limit that
 * never applies. All problems in one AB01.
 */
export async function resolveConditions(
  db: Database,
  place: PolicyPlace,
  conditions: readonly PolicyCondition[],
): Promise<readonly PolicyCondition[]> {
  const problems: string[] = []
  const resolved: PolicyCondition[] = []
  for (const [index, condition] of conditions.entries()) {
    const values: string[] = []
    for (const value of [condition.value].flat()) {
      const meant = value === '*' ? value : await resolve(db, place, condition.key, value)
      if (meant === undefined) problems.push(`conditions.${index}.value: ${lacks(place, condition.key, value)}`)
      else values.push(meant)
    }
    resolved.push({ ...condition, value: typeof condition.value === 'string' ? (values[0] ?? '') : values })
  }
  if (problems.length > 0) throw invalid(problems.join('\n'))
  return resolved
}

/** What is kept for a value; undefined when it means nothing here. */
async function resolve(db: Database, place: PolicyPlace, key: string, value: string): Promise<string | undefined> {
  switch (key) {
    case 'api_key':
      return resolveKey(db, place, value)
    case 'user':
    case 'metadata._user':
      return resolveUser(db, place, key, value)
    case 'workspace_id': {
      const found = await findWorkspace(db, place.organisationId, value)
      return found !== undefined && isInside(place, found.id) ? found.id : undefined
    }
    case 'organisation_id':
      return value === place.organisationId ? value : undefined
    case 'virtual_key':
      return (await namesProvider(db, place, value)) ? value.replace(/^@/, '') : undefined
    case 'provider': {
      const isKind = providerKind.safeParse(value).success
      return isKind || (await namesProvider(db, place, value)) ? value.replace(/^@/, '') : undefined
    }
    case 'model': {
      const [, slug] = /^@([^/]+)\//.exec(value) ?? []
      return slug === undefined || (await namesProvider(db, place, slug)) ? value : undefined
    }
    case 'config': {
      const { items } = await listConfigs(db, place.organisationId, filterOf(place))
      return items.find(({ id, slug }) => id === value || slug === value)?.slug
    }
    default:
      return value
  }
}

async function resolveKey(db: Database, place: PolicyPlace, value: string): Promise<string | undefined> {
  const found = await findKey(db, place.organisationId, value)
  const isThere = found?.workspaceId !== undefined && found.revokedAt === undefined
  return isThere && isInside(place, found.workspaceId) ? found.id : undefined
}

/** By id or address. Inside a workspace people who have nothing to do with it do not exist. */
async function resolveUser(
  db: Database,
  { organisationId, workspaceId }: PolicyPlace,
  key: string,
  value: string,
): Promise<string | undefined> {
  const found = await findUser(db, organisationId, value)
  const isThere = found !== undefined && (workspaceId === undefined || (await worksIn(db, workspaceId, found.id)))
  // A service’s requests may claim to come from anybody.
  return isThere ? found.id : key === 'user' ? undefined : value
}

async function namesProvider(db: Database, place: PolicyPlace, reference: string): Promise<boolean> {
  const { items } = await listProviders(db, place.organisationId, filterOf(place), { offset: 0, limit: 100_000 })
  const slug = reference.replace(/^@/, '')
  return items.some((provider) => provider.slug === slug || provider.id === reference)
}

function isInside(place: PolicyPlace, workspaceId: string): boolean {
  return place.workspaceId === undefined || place.workspaceId === workspaceId
}

function filterOf({ workspaceId }: PolicyPlace) {
  return workspaceId === undefined ? {} : { workspaceId }
}

function lacks({ workspaceId }: PolicyPlace, key: string, value: string): string {
  const where = workspaceId === undefined ? 'this organisation' : 'this workspace'
  return `there is no ${NAMES[key] ?? key} ${JSON.stringify(value.slice(0, 64))} in ${where}`
}

const NAMES: Readonly<Record<string, string>> = {
  api_key: 'key of a workspace with the id',
  workspace_id: 'workspace',
  organisation_id: 'organisation',
  virtual_key: 'provider',
  model: 'provider for the model',
}

import type { Rulebook } from '../limits/limit.ts'
import { createRulebook, type PolicyLimit, type SubjectLimit } from '../limits/rulebook.ts'
import { toLimit, type StoredLimit } from './limits.ts'
import { readConditions, readGroups } from './policies.ts'
import type { Picture } from './read-picture.ts'

/** All limits of the picture. One whose subject is gone limits nothing. */
export function buildRulebook(picture: Picture): Rulebook {
  const names = nameSubjects(picture)
  const policies = new Map(picture.policies.map((row) => [row.id, row]))
  const limits: SubjectLimit[] = []
  const ofPolicies: PolicyLimit[] = []
  for (const row of picture.limits) {
    const stored = toLimit(row)
    const policy = stored.level === 'policy' ? policies.get(stored.subjectId) : undefined
    const of = policy === undefined ? nameSubject(stored, names) : `policy “${policy.name}”`
    if (of === undefined) continue
    const limit = stand(stored, of)
    if (policy === undefined) limits.push({ limit, subjectId: stored.subjectId })
    else {
      ofPolicies.push({ limit, conditions: readConditions(policy.conditions), groupBy: readGroups(policy.group_by) })
    }
  }
  const kinds = new Map(picture.integrations.map(({ id, kind }) => [id, kind]))
  return createRulebook({
    limits,
    policies: ofPolicies,
    resets: new Map(picture.bucketResets.map(({ bucket, since }) => [bucket, since])),
    providerKinds: new Map(
      picture.providers.flatMap((provider) => {
        const kind = kinds.get(provider.integration_id)
        return kind === undefined ? [] : [[provider.id, kind] as const]
      }),
    ),
  })
}

function stand({ terms, id, level, workspaceId, since }: StoredLimit, of: string): SubjectLimit['limit'] {
  const base = { id, level, of, workspaceId }
  return terms.kind === 'budget' ? { ...terms, ...base, since } : { ...terms, ...base }
}

type Names = ReadonlyMap<string, string>

interface SubjectNames {
  readonly workspaces: Names
  readonly keys: Names
  readonly providers: Names
  readonly integrations: Names
}

function nameSubjects(picture: Picture): SubjectNames {
  return {
    workspaces: new Map(picture.workspaces.map(({ id, name }) => [id, name])),
    keys: new Map(picture.keys.map(({ id, name }) => [id, name])),
    providers: new Map(picture.providers.map(({ id, slug }) => [id, slug])),
    integrations: new Map(picture.integrations.map(({ id, slug }) => [id, slug])),
  }
}

/** In the words of a refusal; undefined for a subject that does not exist any more. */
function nameSubject({ level, subjectId }: StoredLimit, names: SubjectNames): string | undefined {
  switch (level) {
    case 'organisation':
      return 'the organisation'
    case 'workspace':
      return write(names.workspaces.get(subjectId), (name) => `workspace ${name}`)
    case 'user':
      return 'you'
    case 'key':
      return write(names.keys.get(subjectId), (name) => `key “${name}”`)
    case 'provider':
      return write(names.providers.get(subjectId), (slug) => `provider @${slug}`)
    case 'integration': {
      const [integrationId = '', workspaceId = ''] = subjectId.split(':')
      const workspace = names.workspaces.get(workspaceId)
      if (workspace === undefined) return undefined
      return write(names.integrations.get(integrationId), (slug) => `integration ${slug} in workspace ${workspace}`)
    }
    case 'policy':
      return undefined
  }
}

function write(name: string | undefined, as: (name: string) => string): string | undefined {
  return name === undefined ? undefined : as(name)
}

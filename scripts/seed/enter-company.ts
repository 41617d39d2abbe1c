import { DEFAULT_WORKSPACE_SCOPES } from '../../src/contract/scopes.ts'
import type { Id } from '../../src/core/ids.ts'
import type { KeyMaker } from '../../src/credentials/api-key.ts'
import { appendAuditEntry } from '../../src/store/audit.ts'
import { noteChange } from '../../src/store/changes.ts'
import type { Database } from '../../src/store/database.ts'
import { insertIntegration } from '../../src/store/integrations.ts'
import { insertKey } from '../../src/store/keys.ts'
import { insertLimit, type LimitTerms } from '../../src/store/limits.ts'
import { insertMember } from '../../src/store/members.ts'
import { insertPolicy } from '../../src/store/policies.ts'
import { insertProvider } from '../../src/store/providers.ts'
import { insertUser } from '../../src/store/users.ts'
import { insertWorkspace } from '../../src/store/workspaces.ts'
import { drawId, type Account, type Company, type Developer, type Team } from './company.ts'
import type { Draw } from './draw.ts'

export interface EntryParts {
  readonly db: Database
  readonly keys: KeyMaker
  readonly draw: Draw
  /** When all of it was made, in milliseconds since the epoch. */
  readonly at: number
}

const DOLLAR = 1_000_000_000n
const MINUTE_MS = 60_000

/**
 * Enters the company as an administrator would have done: accounts, workspaces, people, keys, budgets, rate limits and
 * policies, each with its entry in the audit trail. Nobody knows the secrets of these keys, so they open nothing.
 */
export async function enterCompany(company: Company, parts: EntryParts): Promise<void> {
  await parts.db.transaction().execute(async (tx) => {
    const inside = { ...parts, db: tx }
    const accounts = new Map(
      company.teams.flatMap((team) => team.providers.map(({ account }) => [account.slug, account])),
    )
    for (const account of accounts.values()) await enterAccount(company, account, inside)
    for (const team of company.teams) await enterTeam(company, team, inside)
    for (const developer of company.developers) await enterDeveloper(company, developer, inside)
    await enterPolicy(company, inside)
    await noteChange(tx, parts.at, 'seed')
  })
}

async function enterAccount(company: Company, account: Account, { db, at }: EntryParts): Promise<void> {
  await insertIntegration(db, {
    id: account.integrationId,
    organisationId: company.organisationId,
    workspaceId: undefined,
    slug: account.slug,
    name: account.name,
    description: 'Made by the seed, without a credential.',
    kind: account.kind,
    sealedCredential: null,
    maskedCredential: null,
    configurations: {},
    allowAllModels: true,
    globalWorkspaceAccess: true,
    createdAt: at,
    updatedAt: at,
  })
}

async function enterTeam(company: Company, team: Team, parts: EntryParts): Promise<void> {
  const { db, at, draw } = parts
  const { organisationId } = company
  const [first] = team.providers
  await insertWorkspace(db, {
    id: team.workspaceId,
    organisationId,
    slug: team.slug,
    name: team.name,
    description: `Everything that ${team.name} does.`,
    isDefault: false,
    defaults: { provider: `@${first.account.slug}`, metadata: { team: team.slug } },
    createdAt: at,
    updatedAt: at,
  })
  for (const { id, account } of team.providers) {
    await insertProvider(db, {
      id,
      workspaceId: team.workspaceId,
      integrationId: account.integrationId,
      slug: account.slug,
      name: account.name,
      note: null,
      createdAt: at,
      updatedAt: at,
    })
  }
  await enterKey(company, { id: team.robotKeyId, team, developer: undefined }, parts)
  const dollars = BigInt(5_000 + draw.below(30) * 1_000)
  await enterLimit(company, team, 'workspace', team.workspaceId, monthly(dollars * DOLLAR), parts)
  await enterLimit(
    company,
    team,
    'key',
    team.robotKeyId,
    { kind: 'rate', unit: 'requests', value: 600, windowMs: MINUTE_MS },
    parts,
  )
  await note(company, 'workspace', team.workspaceId, { name: team.name, slug: team.slug }, parts)
}

async function enterDeveloper(company: Company, developer: Developer, parts: EntryParts): Promise<void> {
  const { db, at } = parts
  const { team, userId, email, firstName, lastName } = developer
  await insertUser(db, {
    id: userId,
    organisationId: company.organisationId,
    email,
    firstName,
    lastName,
    role: 'member',
    createdAt: at,
    updatedAt: at,
  })
  await insertMember(db, { workspaceId: team.workspaceId, userId, role: 'member', joinedAt: at })
  await enterKey(company, { id: developer.keyId, team, developer }, parts)
  await note(company, 'user', userId, { email, first_name: firstName, last_name: lastName }, parts)
}

interface KeyToEnter {
  readonly id: Id<'key'>
  readonly team: Team
  readonly developer: Developer | undefined
}

async function enterKey(company: Company, { id, team, developer }: KeyToEnter, parts: EntryParts): Promise<void> {
  const { db, keys, draw, at } = parts
  const name = developer === undefined ? `${team.name} automation` : `${developer.firstName}'s key`
  await insertKey(db, {
    id,
    organisationId: company.organisationId,
    workspaceId: team.workspaceId,
    userId: developer?.userId,
    kind: developer === undefined ? 'workspace-service' : 'workspace-user',
    name,
    description: 'Made by the seed.',
    hash: keys.hash(`seed ${draw.hex(32)}`),
    masked: `pcl_…${draw.hex(4)}`,
    scopes: [...DEFAULT_WORKSPACE_SCOPES],
    defaults: { provider: undefined, metadata: {}, allowConfigOverride: null },
    expiresAt: undefined,
    revokedAt: undefined,
    createdAt: at,
    updatedAt: at,
  })
  await note(company, 'api_key', id, { name }, parts)
}

async function enterPolicy(company: Company, parts: EntryParts): Promise<void> {
  const { db, draw, at } = parts
  const [team] = company.teams
  if (team === undefined) return
  const id = drawId<'policy'>(draw, at)
  await insertPolicy(db, {
    id,
    organisationId: company.organisationId,
    workspaceId: team.workspaceId,
    kind: 'usage-limits',
    name: 'Each project of the team',
    description: null,
    conditions: [{ key: 'metadata.project', value: '*' }],
    groupBy: ['metadata.project'],
    createdAt: at,
    updatedAt: at,
  })
  await enterLimit(company, team, 'policy', id, monthly(4_000n * DOLLAR), parts, id)
  await note(company, 'policy', id, { name: 'Each project of the team' }, parts)
}

function monthly(amount: bigint): LimitTerms {
  return {
    kind: 'budget',
    unit: 'cost',
    amount,
    reset: { every: 'month' },
    hard: true,
    mode: 'tight',
    alertAt: [(amount * 8n) / 10n],
  }
}

async function enterLimit(
  company: Company,
  team: Team,
  level: 'workspace' | 'key' | 'policy',
  subjectId: string,
  terms: LimitTerms,
  { db, draw, at }: EntryParts,
  id: string = drawId(draw, at),
): Promise<void> {
  const { organisationId } = company
  const stamps = { since: at, createdAt: at, updatedAt: at }
  await insertLimit(db, { id, organisationId, workspaceId: team.workspaceId, level, subjectId, terms, ...stamps })
}

async function note(
  company: Company,
  resourceType: string,
  resourceId: string,
  after: object,
  parts: EntryParts,
): Promise<void> {
  const { db, draw, at } = parts
  await appendAuditEntry(db, {
    organisationId: company.organisationId,
    workspaceId: null,
    at,
    action: 'create',
    resourceType,
    resourceId,
    actor: { type: 'operator', id: null, name: 'seed', user_id: null },
    request: {
      id: `req_${at.toString(16).padStart(12, '0')}${draw.hex(20)}`,
      method: 'SEED',
      uri: '',
      client_ip: 'local',
      forwarded_for: null,
      user_agent: null,
      status: 200,
    },
    reason: null,
    before: null,
    after,
  })
}

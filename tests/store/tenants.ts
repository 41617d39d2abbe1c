import { newId, type Id } from '../../src/core/ids.ts'
import type { Database } from '../../src/store/database.ts'
import { insertIntegration, type Integration } from '../../src/store/integrations.ts'
import { insertKey, type ApiKey } from '../../src/store/keys.ts'
import { insertOrganisation } from '../../src/store/organisations.ts'
import { insertProvider, type Provider } from '../../src/store/providers.ts'
import { insertUser, type User } from '../../src/store/users.ts'
import { insertWorkspace, type Workspace } from '../../src/store/workspaces.ts'

/* Makers of rows that say only what a test is about. */

const STAMPS = { createdAt: 1_000, updatedAt: 1_000 }

let serial = 0
function next(): number {
  return ++serial
}

export async function addOrganisation(db: Database): Promise<Id<'organisation'>> {
  const id = newId<'organisation'>(next())
  await insertOrganisation(db, { id, name: 'Acme', createdAt: 1_000 })
  return id
}

export async function addWorkspace(
  db: Database,
  organisationId: Id<'organisation'>,
  over: Partial<Workspace> = {},
): Promise<Workspace> {
  const workspace: Workspace = {
    id: newId(next()),
    organisationId,
    slug: `ws-${next()}`,
    name: `Payments ${next()}`,
    description: null,
    isDefault: false,
    defaults: { provider: undefined, metadata: {} },
    records: {},
    ...STAMPS,
    ...over,
  }
  await insertWorkspace(db, workspace)
  return workspace
}

export async function addUser(
  db: Database,
  organisationId: Id<'organisation'>,
  over: Partial<User> = {},
): Promise<User> {
  const user: User = {
    id: newId(next()),
    organisationId,
    email: `dev${next()}@example.com`,
    firstName: 'Ada',
    lastName: 'Lovelace',
    role: 'member',
    status: 'active',
    hasPassword: false,
    ...STAMPS,
    ...over,
  }
  await insertUser(db, user)
  return user
}

export async function addKey(
  db: Database,
  workspace: Workspace,
  hash: string,
  over: Partial<ApiKey> = {},
): Promise<ApiKey> {
  const key: ApiKey = {
    records: {},
    id: newId(next()),
    organisationId: workspace.organisationId,
    workspaceId: workspace.id,
    userId: undefined,
    kind: 'workspace-service',
    name: 'CI',
    description: null,
    hash,
    masked: 'pcl_••••abcd',
    scopes: ['completions.write'],
    defaults: { provider: undefined, metadata: {}, allowConfigOverride: null },
    expiresAt: undefined,
    revokedAt: undefined,
    previousExpiresAt: undefined,
    rotation: undefined,
    rotatedAt: undefined,
    alertEmails: [],
    ...STAMPS,
    ...over,
  }
  await insertKey(db, key)
  return key
}

export async function addIntegration(
  db: Database,
  organisationId: Id<'organisation'>,
  over: Partial<Integration> = {},
): Promise<Integration> {
  const integration: Integration = {
    id: newId(next()),
    organisationId,
    workspaceId: undefined,
    slug: `integration-${next()}`,
    name: 'Anthropic',
    description: null,
    kind: 'anthropic',
    sealedCredential: null,
    maskedCredential: null,
    configurations: {},
    allowAllModels: true,
    globalWorkspaceAccess: true,
    ...STAMPS,
    ...over,
  }
  await insertIntegration(db, integration)
  return integration
}

export async function addProvider(
  db: Database,
  workspace: Workspace,
  integration: Integration,
  over: Partial<Provider> = {},
): Promise<Provider> {
  const provider: Provider = {
    id: newId(next()),
    workspaceId: workspace.id,
    integrationId: integration.id,
    slug: 'claude',
    name: 'Claude',
    note: null,
    ...STAMPS,
    ...over,
  }
  await insertProvider(db, provider)
  return provider
}

import { randomInt } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { newId, newRequestId, type Id } from '../core/ids.ts'
import { listPrices } from '../core/prices/list-prices.ts'
import type { KeyMaker } from '../credentials/api-key.ts'
import { appendAuditEntry } from './audit.ts'
import { noteChange } from './changes.ts'
import type { Database, Store } from './database.ts'
import { insertIntegration } from './integrations.ts'
import { insertKey, type KeyKind } from './keys.ts'
import { insertMember } from './members.ts'
import { findOrganisation, insertOrganisation } from './organisations.ts'
import { insertPriceVersion, listPriceVersions } from './prices.ts'
import { insertProvider } from './providers.ts'
import { readSetting, writeSetting } from './settings.ts'
import { addSignInLink } from './sign-in-link.ts'
import { findFirstOwner, insertUser } from './users.ts'
import { insertWorkspace } from './workspaces.ts'

export interface FirstStartParts {
  readonly store: Store
  readonly keys: KeyMaker
  readonly clock: Clock
  /** PORTCULLIS_ADMIN_KEY is set, so no administrator's key is made. */
  readonly presetAdminKey: string | undefined
  /** Of the administrator's key that is made. */
  readonly administratorScopes: Iterable<string>
  /** Of the first developer's key. */
  readonly developerScopes: Iterable<string>
}

/** Secrets of the first start. They are printed once and kept nowhere. */
export interface FirstSecrets {
  /** Signs the first administrator in to the console, once, within 24 hours. */
  readonly signInToken: string
  /** Undefined when the environment presets one. */
  readonly administratorKey: string | undefined
  /** Calls models in the default workspace. */
  readonly developerKey: string
}

/**
 * Makes the store ready at every start: checks that the master key is the one this data was made with, and adds the price
 * table of this release. In an empty store it also makes what a newcomer needs to send a first request (organisation,
 * workspace, owner, `@sandbox`, keys) and returns the secrets; otherwise undefined.
 */
export async function prepareFirstStart(parts: FirstStartParts): Promise<FirstSecrets | undefined> {
  const { store, keys, clock } = parts
  return await store.db.transaction().execute(async (tx) => {
    await checkMasterKey(tx, keys)
    await addListPrices(tx, clock.now())
    return (await findOrganisation(tx)) === undefined ? await furnish(tx, parts) : undefined
  })
}

/** Another sign-in link for the first owner, for whoever can start commands on the gateway's machine. */
export async function newSignInLink({
  store,
  keys,
  clock,
}: Pick<FirstStartParts, 'store' | 'keys' | 'clock'>): Promise<string> {
  const organisation = await findOrganisation(store.db)
  const owner = organisation && (await findFirstOwner(store.db, organisation.id))
  if (owner === undefined) throw new Error('This store has no owner yet. Start the gateway once first.')
  return await store.db.transaction().execute(async (tx) => {
    await appendAuditEntry(tx, {
      organisationId: owner.organisationId,
      workspaceId: null,
      at: clock.now(),
      action: 'create-sign-in-link',
      resourceType: 'user',
      resourceId: owner.id,
      actor: { type: 'operator', id: null, name: 'command line', user_id: null },
      request: { ...FROM_THE_COMMAND_LINE, id: newRequestId(clock.now()), uri: '--signin-link' },
      reason: null,
      before: null,
      after: null,
    })
    return addSignInLink({ db: tx, keys, clock }, owner.id)
  })
}

const FROM_THE_COMMAND_LINE = {
  method: 'START',
  client_ip: 'local',
  forwarded_for: null,
  user_agent: null,
  status: 200,
} as const

/** Under another master key every key would be unknown and no credential would open; better to say so than to refuse everybody. */
async function checkMasterKey(db: Database, keys: KeyMaker): Promise<void> {
  const mark = keys.hash('master key check')
  const known = await readSetting(db, MASTER_KEY_MARK)
  if (known === undefined) await writeSetting(db, MASTER_KEY_MARK, mark)
  else if (known !== mark) {
    throw new Error(
      'This master key is not the one this data was made with. Set PORTCULLIS_MASTER_KEY, or put back the master.key file, as it was.',
    )
  }
}

const MASTER_KEY_MARK = 'master_key_mark'

/** Adds the table of this release once. Versions that are there, an operator's above all, are never touched. */
async function addListPrices(db: Database, now: number): Promise<void> {
  const versions = await listPriceVersions(db)
  if (versions.some(({ id }) => id === listPrices.id)) return
  await insertPriceVersion(db, {
    id: listPrices.id,
    // The day of the table, not of the upgrade: prices that an operator entered since then stay in force.
    validFrom: Date.parse(`${listPrices.id}T00:00:00Z`),
    source: 'built-in',
    tableJson: JSON.stringify(listPrices.json),
    createdAt: now,
  })
  await noteChange(db, now, `prices ${listPrices.id}`)
}

async function furnish(db: Database, parts: FirstStartParts): Promise<FirstSecrets> {
  const { keys, clock, presetAdminKey, administratorScopes, developerScopes } = parts
  const now = clock.now()
  const stamps = { createdAt: now, updatedAt: now }
  const organisationId = newId<'organisation'>(now)
  const workspaceId = newId<'workspace'>(now)
  const userId = newId<'user'>(now)

  await insertOrganisation(db, { id: organisationId, name: 'My organisation', createdAt: now })
  await insertUser(db, {
    id: userId,
    organisationId,
    email: 'admin@localhost',
    firstName: 'Administrator',
    lastName: '',
    role: 'owner',
    ...stamps,
  })
  await insertWorkspace(db, {
    id: workspaceId,
    organisationId,
    slug: `ws-default-${randomLetters(6)}`,
    name: 'Default workspace',
    description: null,
    isDefault: true,
    defaults: { provider: '@sandbox', metadata: {} },
    ...stamps,
  })
  await insertMember(db, { workspaceId, userId, role: 'admin', joinedAt: now })
  await addSandbox(db, organisationId, workspaceId, now)

  const administratorKey =
    presetAdminKey === undefined
      ? await addKey('organisation-service', 'First administrator key', administratorScopes)
      : undefined
  const developerKey = await addKey('workspace-user', 'First developer key', developerScopes)
  const signInToken = await addSignInLink({ db, keys, clock }, userId)
  await noteChange(db, now, 'first start')
  return { signInToken, administratorKey, developerKey }

  async function addKey(kind: KeyKind, name: string, scopes: Iterable<string>): Promise<string> {
    const { secret, hash, masked } = keys.make(kind)
    const inWorkspace = kind === 'organisation-service' ? NOBODYS : { workspaceId, userId }
    await insertKey(db, {
      id: newId(now),
      organisationId,
      ...inWorkspace,
      kind,
      name,
      description: 'Made at the first start.',
      hash,
      masked,
      scopes: [...scopes],
      defaults: { provider: undefined, metadata: {}, allowConfigOverride: null },
      expiresAt: undefined,
      revokedAt: undefined,
      ...stamps,
    })
    return secret
  }
}

const NOBODYS = { workspaceId: undefined, userId: undefined }

/** The scripted provider, so that everything works before there is an account anywhere. Once removed it stays away. */
async function addSandbox(
  db: Database,
  organisationId: Id<'organisation'>,
  workspaceId: Id<'workspace'>,
  now: number,
): Promise<void> {
  const integrationId = newId<'integration'>(now)
  const stamps = { createdAt: now, updatedAt: now }
  await insertIntegration(db, {
    id: integrationId,
    organisationId,
    workspaceId: undefined,
    slug: 'sandbox',
    name: 'Sandbox',
    description: 'Answers from a script, without any provider account. The model name chooses the behaviour.',
    kind: 'scripted',
    sealedCredential: null,
    maskedCredential: null,
    configurations: {},
    allowAllModels: true,
    globalWorkspaceAccess: true,
    ...stamps,
  })
  await insertProvider(db, {
    id: newId(now),
    workspaceId,
    integrationId,
    slug: 'sandbox',
    name: 'Sandbox',
    note: null,
    ...stamps,
  })
}

function randomLetters(length: number): string {
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

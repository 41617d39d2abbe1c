import { asId, newId, type Id } from '../../core/ids.ts'
import type { ProviderKind } from '../../providers/adapter.ts'
import type { Database } from '../../store/database.ts'
import { allowIntegrationWorkspace, insertIntegration, listIntegrations } from '../../store/integrations.ts'
import { findAddress } from '../../store/upstream-address.ts'
import type { Workspace } from '../../store/workspaces.ts'
import type { AdminCaller } from '../caller.ts'
import type { Note } from '../change.ts'
import { conflict } from '../error.ts'
import { freeSlug } from '../free-slug.ts'
import type { AdminParts } from '../parts.ts'
import { describeIntegration } from './describe-integration.ts'
import type { Account } from './read-account.ts'
import { mergeSecrets, sealCredential } from './seal-credential.ts'
import { seeIntegration } from './see-integration.ts'

export interface NewIntegration {
  readonly name: string
  /** Made of the name when undefined. A slug that was asked for and is taken is a conflict. */
  readonly slug: string | undefined
  readonly description: string | null
  readonly kind: ProviderKind
  readonly account: Account
  /** The only workspace that may use it; undefined when all may. */
  readonly owner: Workspace | undefined
}

/** Seals a credential and keeps it with what describes its account; runs inside the caller's transaction. */
export async function addIntegration(
  tx: Database,
  caller: AdminCaller,
  { name, slug: wanted, description, kind, account, owner }: NewIntegration,
  { clock, vault, trustedHosts }: Pick<AdminParts, 'clock' | 'vault' | 'trustedHosts'>,
  note: Note,
): Promise<{ id: Id<'integration'>; slug: string }> {
  const { items: others } = await listIntegrations(tx, caller.organisationId, {}, { offset: 0, limit: 100_000 })
  const taken = others.map(({ slug }) => slug)
  if (wanted !== undefined && taken.includes(wanted)) {
    throw conflict(`There is an integration ${wanted} already. Choose another slug.`)
  }
  const now = clock.now()
  const id = newId<'integration'>(now)
  const slug = wanted ?? freeSlug(name, taken)
  const { origin } = findAddress(kind, account.settings, trustedHosts)
  const { sealed, masked } = sealCredential(vault, id, origin, mergeSecrets({}, account.secrets))
  await insertIntegration(tx, {
    id,
    organisationId: asId(caller.organisationId),
    workspaceId: owner?.id,
    slug,
    name,
    description,
    kind,
    sealedCredential: sealed,
    maskedCredential: masked,
    configurations: account.settings,
    allowAllModels: true,
    globalWorkspaceAccess: owner === undefined,
    createdAt: now,
    updatedAt: now,
  })
  if (owner !== undefined) await allowIntegrationWorkspace(tx, id, owner.id)
  const made = await seeIntegration(tx, caller, id)
  const after = await describeIntegration(tx, caller, made)
  note({ action: 'create', resource: 'integration', workspaceId: owner?.id, id, after })
  return { id, slug }
}

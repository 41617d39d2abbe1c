import type { z } from 'zod'
import { Workspace as WorkspaceAnswer, WorkspaceCreate } from '../../contract/workspaces.ts'
import { asId, newId } from '../../core/ids.ts'
import type { Database } from '../../store/database.ts'
import { listIntegrations } from '../../store/integrations.ts'
import { insertWorkspace, listWorkspaces, updateWorkspace, type Workspace } from '../../store/workspaces.ts'
import type { AdminCaller } from '../caller.ts'
import { audited, type Note } from '../change.ts'
import { requireConfig } from '../configs/require-config.ts'
import { conflict } from '../error.ts'
import { freeSlug } from '../free-slug.ts'
import { setLimits } from '../limits/set-limits.ts'
import type { AdminParts } from '../parts.ts'
import { addProvider } from '../providers/add-provider.ts'
import { requireProvider } from '../providers/require-provider.ts'
import { readSettings } from '../record-rules/record-settings.ts'
import { route } from '../route.ts'
import { addMember } from './add-member.ts'
import { requireFreeName } from './require-free-name.ts'
import { showWorkspaceWithUsers } from './show-member.ts'

/** It begins with a provider for every integration that is open to all. */
export const createWorkspace = route({
  method: 'POST',
  path: '/admin/workspaces',
  summary: 'Make a workspace',
  scope: ['workspaces.create'],
  body: WorkspaceCreate,
  reply: WorkspaceAnswer,
  async handle({ caller, body }, parts) {
    const { name, description = null, users, defaults, slug: wantedSlug, records = null, ...limits } = body
    const now = parts.clock.now()
    return audited(parts, { caller, action: 'create', resource: 'workspace' }, async (tx, note) => {
      const organisationId = asId<'organisation'>(caller.organisationId)
      await requireFreeName(tx, { organisationId }, name)
      const { items: others } = await listWorkspaces(tx, organisationId)
      const taken = others.map(({ slug }) => slug)
      if (wantedSlug !== undefined && taken.includes(wantedSlug)) {
        throw conflict(`There is a workspace ${wantedSlug} already. Choose another slug.`)
      }
      const workspace: Workspace = {
        id: newId(now),
        organisationId,
        slug: wantedSlug ?? freeSlug(`ws-${name}`, taken),
        name,
        description,
        isDefault: false,
        defaults: {
          provider: undefined,
          metadata: defaults?.metadata ?? {},
          errorFormat: defaults?.error_format ?? undefined,
        },
        records: readSettings(records),
        createdAt: now,
        updatedAt: now,
      }
      await insertWorkspace(tx, workspace)
      await furnish(tx, caller, workspace, parts, note)
      await setDefaults(tx, workspace, defaults, now)
      for (const { id, role } of users) await addMember(tx, caller, workspace, id, role, parts, note)
      const limited = {
        organisationId,
        workspaceId: workspace.id,
        level: 'workspace',
        subjectId: workspace.id,
      } as const
      await setLimits(tx, caller, limited, limits, now)
      const made = await showWorkspaceWithUsers(tx, organisationId, workspace.id, parts)
      note({ id: workspace.id, workspaceId: workspace.id, after: made })
      return made
    })
  },
})

async function furnish(
  tx: Database,
  caller: AdminCaller,
  workspace: Workspace,
  parts: AdminParts,
  note: Note,
): Promise<void> {
  const everyOne = { offset: 0, limit: 100_000 }
  const { items } = await listIntegrations(tx, workspace.organisationId, { usableBy: workspace.id }, everyOne)
  for (const { id: integrationId, slug: name } of items) {
    await addProvider(
      tx,
      caller,
      { workspaceId: workspace.id, integrationId, name, slug: name, note: null },
      parts,
      note,
    )
  }
}

/** What a new workspace falls back on can be a provider that it has just been given; a config it has none yet. */
async function setDefaults(
  tx: Database,
  workspace: Workspace,
  wanted: z.output<typeof WorkspaceCreate>['defaults'],
  now: number,
): Promise<void> {
  if (typeof wanted?.provider === 'string') await requireProvider(tx, workspace.id, wanted.provider)
  const config = await requireConfig(tx, workspace, 'config_id', wanted?.config_id)
  const userKeyConfig = await requireConfig(tx, workspace, 'user_api_key_config', wanted?.user_api_key_config)
  const defaults = {
    ...workspace.defaults,
    provider: wanted?.provider ?? undefined,
    config: config ?? undefined,
    userKeyConfig: userKeyConfig ?? undefined,
  }
  await updateWorkspace(tx, workspace.id, { defaults }, now)
}

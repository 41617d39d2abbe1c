import { Nothing } from '../../contract/fields.ts'
import { WorkspaceUpdate } from '../../contract/workspaces.ts'
import * as workspaces from '../../store/workspaces.ts'
import { audited } from '../change.ts'
import { requireConfig } from '../configs/require-config.ts'
import { setLimits } from '../limits/set-limits.ts'
import { requireProvider } from '../providers/require-provider.ts'
import { readSettings } from '../record-rules/record-settings.ts'
import { route } from '../route.ts'
import { requireFreeName } from './require-free-name.ts'
import { seeWorkspace } from './see-workspace.ts'
import { showWorkspace } from './show-workspace.ts'

export const updateWorkspace = route({
  method: 'PUT',
  path: '/admin/workspaces/:id',
  summary: 'Change the name, description, defaults or limits of a workspace',
  scope: ['workspaces.update'],
  body: WorkspaceUpdate,
  reply: Nothing,
  async handle({ caller, body: { name, description, defaults, records, ...limits }, params }, parts) {
    await audited(parts, { caller, action: 'update', resource: 'workspace' }, async (tx, note) => {
      const workspace = await seeWorkspace(tx, caller, params.id)
      const shownBefore = await showWorkspace(tx, workspace, parts)
      if (name !== undefined) await requireFreeName(tx, workspace, name)
      if (typeof defaults?.provider === 'string') await requireProvider(tx, workspace.id, defaults.provider)
      const config = await requireConfig(tx, workspace, 'config_id', defaults?.config_id)
      const userKeyConfig = await requireConfig(tx, workspace, 'user_api_key_config', defaults?.user_api_key_config)
      // What is left out stays, null clears.
      const before = workspace.defaults
      const {
        provider = before.provider,
        metadata = before.metadata,
        error_format: errorFormat = before.errorFormat,
      } = defaults ?? {}
      await workspaces.updateWorkspace(
        tx,
        workspace.id,
        {
          ...(name !== undefined && { name }),
          ...(description !== undefined && { description }),
          ...(records !== undefined && { records: readSettings(records) }),
          ...(defaults === null && { defaults: { provider: undefined, metadata: {} } }),
          ...(defaults && {
            defaults: {
              provider: provider ?? undefined,
              config: config === undefined ? before.config : (config ?? undefined),
              userKeyConfig: userKeyConfig === undefined ? before.userKeyConfig : (userKeyConfig ?? undefined),
              metadata: metadata ?? {},
              errorFormat: errorFormat ?? undefined,
            },
          }),
        },
        parts.clock.now(),
      )
      const { id } = workspace
      const limited = {
        organisationId: caller.organisationId,
        workspaceId: id,
        level: 'workspace',
        subjectId: id,
      } as const
      await setLimits(tx, caller, limited, limits, parts.clock.now())
      const after = await showWorkspace(tx, await seeWorkspace(tx, caller, id), parts)
      note({ id, workspaceId: id, before: shownBefore, after })
    })
    return {}
  },
})

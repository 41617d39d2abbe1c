import { ConfigUpdate, ConfigUpdated } from '../../contract/configs.ts'
import { newId } from '../../core/ids.ts'
import * as configs from '../../store/configs.ts'
import { audited } from '../change.ts'
import { conflict, invalid } from '../error.ts'
import { route } from '../route.ts'
import { seeWorkspace } from '../workspaces/see-workspace.ts'
import { readDocument } from './read-document.ts'
import { seeConfig } from './see-config.ts'
import { showWholeConfig } from './show-config.ts'
import { needsOfConfig } from './who-needs.ts'

/** Requests that are on their way follow the version they began with; the next ones follow the new one. */
export const updateConfig = route({
  method: 'PUT',
  path: '/configs/:slug',
  summary: 'Save a new version of a config, or change its name or status',
  scope: ['configs.update'],
  body: ConfigUpdate,
  reply: ConfigUpdated,
  async handle({ caller, params, body: { name, status, ...body } }, parts) {
    return audited(parts, { caller, action: 'update', resource: 'config' }, async (tx, note) => {
      const config = await seeConfig(tx, caller, params.slug, body.workspace_id)
      if (body.slug !== undefined && body.slug !== config.slug && body.slug !== params.slug) {
        throw invalid('slug: has to be the same as in the address')
      }
      if (status === 'archived' && config.status !== 'archived') {
        const needs = await needsOfConfig(tx, config)
        if (needs.length > 0) throw conflict(`The config ${config.slug} is still needed by ${needs.join(', ')}.`)
      }
      const now = parts.clock.now()
      const isDefault = body.isDefault ?? body.is_default
      const versionId = newId<'config-version'>(now)
      const workspace = await seeWorkspace(tx, caller, config.workspaceId)
      const document =
        body.config === undefined
          ? undefined
          : await readDocument(tx, caller, workspace, body.config, parts.trustedHosts)
      const patch: configs.ConfigPatch = {
        ...(name !== undefined && { name }),
        ...(status !== undefined && { status }),
        ...(isDefault !== undefined && { isDefault }),
        ...(document !== undefined && {
          version: {
            id: versionId,
            number: config.version.number + 1,
            document,
            createdBy: caller.keyId ?? caller.userId ?? null,
            createdAt: now,
          },
        }),
      }
      await configs.updateConfig(tx, config, patch, now)
      const { id, workspaceId } = config
      const after = await seeConfig(tx, caller, id, workspaceId)
      note({ id, workspaceId, before: showWholeConfig(config), after: showWholeConfig(after) })
      return { version_id: patch.version?.id ?? config.version.id, object: 'config' as const }
    })
  },
})

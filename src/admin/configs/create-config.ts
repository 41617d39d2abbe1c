import { ConfigCreate, ConfigCreated } from '../../contract/configs.ts'
import { newId } from '../../core/ids.ts'
import { insertConfig } from '../../store/configs.ts'
import { audited } from '../change.ts'
import { freeSlug } from '../free-slug.ts'
import { route } from '../route.ts'
import { homeOf } from '../workspaces/see-workspace.ts'
import { readDocument } from './read-document.ts'
import { seeConfig } from './see-config.ts'
import { showWholeConfig } from './show-config.ts'

export const createConfig = route({
  method: 'POST',
  path: '/configs',
  summary: 'Save a routing document',
  scope: ['configs.create'],
  body: ConfigCreate,
  reply: ConfigCreated,
  async handle({ caller, body }, parts) {
    const now = parts.clock.now()
    const id = newId<'config'>(now)
    const versionId = newId<'config-version'>(now)
    // The tail keeps slugs of one name apart, also from those of workspaces that the caller does not see.
    const slug = `pc-${freeSlug(body.name, [])}-${id.slice(-6)}`
    await audited(parts, { caller, action: 'create', resource: 'config' }, async (tx, note) => {
      const workspace = await homeOf(tx, caller, body.workspace_id)
      const document = await readDocument(tx, caller, workspace, body.config, parts.trustedHosts)
      await insertConfig(tx, {
        id,
        organisationId: workspace.organisationId,
        workspaceId: workspace.id,
        slug,
        name: body.name,
        isDefault: body.isDefault ?? body.is_default ?? false,
        status: 'active',
        version: {
          id: versionId,
          number: 1,
          document,
          createdBy: caller.keyId ?? caller.userId ?? null,
          createdAt: now,
        },
        createdAt: now,
        updatedAt: now,
      })
      const made = await seeConfig(tx, caller, id, undefined)
      note({ id, workspaceId: workspace.id, after: showWholeConfig(made) })
    })
    return { id, slug, version_id: versionId, object: 'config' as const }
  },
})

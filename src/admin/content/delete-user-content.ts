import { ContentDeleted } from '../../contract/records.ts'
import { CONTENT_DELETE_SCOPE } from '../../contract/scopes.ts'
import { listScopesOfUser, listWorkspacesOfUser } from '../../store/content-scopes.ts'
import { isAdministrator } from '../caller.ts'
import { audited } from '../change.ts'
import { forbidden } from '../error.ts'
import { route } from '../route.ts'
import { seeUser } from '../users/see-user.ts'
import { removeCopies } from './remove-copies.ts'
import { requireNoHold } from './require-no-hold.ts'

/** A person works in several workspaces, so this is for administrators. */
export const deleteUserContent = route({
  method: 'DELETE',
  path: '/admin/users/:id/content',
  summary: 'Delete everything that a person wrote and was answered; what it came to stays',
  scope: [CONTENT_DELETE_SCOPE],
  reply: ContentDeleted,
  async handle({ caller, params }, parts) {
    if (!isAdministrator(caller))
      throw forbidden('The content of a person in all workspaces is deleted by administrators.')
    await parts.flushRecords()
    const { scopes, workspaceIds } = await audited(
      parts,
      { caller, action: 'delete', resource: 'user-content' },
      async (tx, note) => {
        const { id } = await seeUser(tx, caller, params.id)
        const found = await listScopesOfUser(tx, caller.organisationId, id)
        await requireNoHold(tx, caller, {
          workspaceIds: found.map(({ workspaceId }) => workspaceId),
          userIds: [id],
          sessions: found.map(({ scope }) => scope),
        })
        note({ id, before: { scopes: found.length } })
        return { scopes: found, workspaceIds: await listWorkspacesOfUser(tx, caller.organisationId, id) }
      },
    )
    for (const { workspaceId, scope, shelves } of scopes) await parts.bodies.deleteScope(workspaceId, scope, shelves)
    await removeCopies(parts, caller, workspaceIds)
    return { object: 'content-deleted' as const, scopes: scopes.length }
  },
})

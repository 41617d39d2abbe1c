import { WorkspaceList, WorkspaceQuery } from '../../contract/workspaces.ts'
import * as workspaces from '../../store/workspaces.ts'
import { showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { showWorkspaces } from './show-workspace.ts'

export const listWorkspaces = route({
  method: 'GET',
  path: '/admin/workspaces',
  summary: 'List workspaces',
  scope: ['workspaces.list', 'workspaces.read'],
  query: WorkspaceQuery,
  reply: WorkspaceList,
  async handle({ caller, query }, parts) {
    const { store } = parts
    const { items, total } = await workspaces.listWorkspaces(
      store.db,
      caller.organisationId,
      {
        ...(caller.workspaceId !== undefined && { id: caller.workspaceId }),
        ...(query.exact_name !== undefined && { exactName: query.exact_name }),
        ...(query.name !== undefined && { namePart: query.name }),
      },
      windowOf(query),
    )
    return showPage({ items: await showWorkspaces(store.db, items, parts), total }, (workspace) => workspace)
  },
})

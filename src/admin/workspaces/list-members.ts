import { MemberList, MemberQuery } from '../../contract/workspaces.ts'
import { foldAddress } from '../../core/fold-name.ts'
import * as members from '../../store/members.ts'
import { eitherPage, showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { seeWorkspace } from './see-workspace.ts'
import { showMember } from './show-member.ts'

export const listMembers = route({
  method: 'GET',
  path: '/admin/workspaces/:id/users',
  summary: 'List the members of a workspace',
  scope: ['workspace_users.list'],
  query: MemberQuery,
  reply: MemberList,
  async handle({ caller, params, query: { email, role, ...page } }, { store }) {
    const workspace = await seeWorkspace(store.db, caller, params.id)
    const everybody = await members.listMembers(store.db, workspace.id)
    const found = everybody.filter(
      (member) =>
        (role === undefined || member.role === role) &&
        (email === undefined || member.user.email === foldAddress(email)),
    )
    const { offset, limit } = windowOf(eitherPage(page))
    return showPage({ items: found.slice(offset, offset + limit), total: found.length }, (member) =>
      showMember(workspace.id, member),
    )
  },
})

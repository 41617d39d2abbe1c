import { ConfigCheck, ConfigProblems } from '../../contract/configs.ts'
import { route } from '../route.ts'
import { homeOf } from '../workspaces/see-workspace.ts'
import { checkDocument } from './check-document.ts'

export const checkConfig = route({
  method: 'POST',
  path: '/configs/check',
  summary: 'Tell every problem of a routing document without saving it',
  scope: ['configs.create', 'configs.update', 'configs.read'],
  body: ConfigCheck,
  reply: ConfigProblems,
  async handle({ caller, body }, { store, trustedHosts }) {
    const workspace = await homeOf(store.db, caller, body.workspace_id)
    const { problems } = await checkDocument(store.db, caller, workspace, body.config, trustedHosts)
    return { valid: problems.length === 0, problems: problems.map(({ path, message }) => ({ path, message })) }
  },
})

import { ExportListQuery, ExportPage } from '../../contract/exports.ts'
import { listLogExports } from '../../store/log-exports.ts'
import { showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { exportsOf } from './see-export.ts'
import { showExport } from './show-export.ts'

export const listExports = route({
  method: 'GET',
  path: '/logs/exports',
  summary: 'List exports of records, the newest first',
  scope: ['logs.export'],
  query: ExportListQuery,
  reply: ExportPage,
  async handle({ caller, query }, { store }) {
    const scope = await exportsOf(store.db, caller, query.workspace_id)
    return showPage(await listLogExports(store.db, scope, windowOf(query)), showExport)
  },
})

import { Export } from '../../contract/exports.ts'
import { route } from '../route.ts'
import { seeExport } from './see-export.ts'
import { showExport } from './show-export.ts'

export const readExport = route({
  method: 'GET',
  path: '/logs/exports/:id',
  summary: 'Show an export of records, and how far it has come',
  scope: ['logs.export'],
  reply: Export,
  handle: async ({ caller, params }, { store }) => showExport(await seeExport(store.db, caller, params.id)),
})

import { ExportMade, ExportUpdate } from '../../contract/exports.ts'
import { updateLogExport } from '../../store/log-exports.ts'
import { audited } from '../change.ts'
import { conflict } from '../error.ts'
import { readPortkeyFilters } from '../logs/read-portkey-filters.ts'
import { route } from '../route.ts'
import { requireContentRight } from './content-wish.ts'
import { countWish } from './count-wish.ts'
import { readWish, writeMaker, writeWish, type ExportWish } from './export-document.ts'
import { seeExport } from './see-export.ts'
import { showExport } from './show-export.ts'

export const updateExport = route({
  method: 'PUT',
  path: '/logs/exports/:id',
  summary: 'Change what an export of records is of, while it does not run',
  scope: ['logs.export'],
  body: ExportUpdate,
  reply: ExportMade,
  async handle({ caller, params, body: { workspace_id: workspace, description, ...wish } }, parts) {
    const question = await audited(parts, { caller, action: 'update', resource: 'export' }, async (tx, note) => {
      const before = await seeExport(tx, caller, params.id)
      if (before.status === 'in_progress') throw conflict('This export is running. Cancel it first.')
      const request = writeWish({ ...(JSON.parse(before.request) as ExportWish), ...wish })
      const { filters, ...read } = readWish({ request })
      requireContentRight(caller, read)
      const store = { ...parts.store, db: tx }
      const found = await readPortkeyFilters(
        { store, clock: parts.clock },
        caller,
        filters,
        workspace ?? before.workspaceId ?? undefined,
      )
      const after = {
        ...before,
        workspaceId: found.workspaceId ?? null,
        description: description === undefined ? before.description : description,
        request,
        maker: writeMaker(caller),
        // What was written so far is of something else; it lies there until the next start.
        status: 'draft' as const,
        filter: null,
        updatedAt: parts.clock.now(),
      }
      await updateLogExport(tx, after)
      note({ id: after.id, workspaceId: found.workspaceId, before: showExport(before), after: showExport(after) })
      return found
    })
    return { id: params.id, ...(await countWish(parts, question)), object: 'export' as const }
  },
})

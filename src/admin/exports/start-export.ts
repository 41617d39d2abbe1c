import { ExportTold } from '../../contract/exports.ts'
import { updateLogExport } from '../../store/log-exports.ts'
import { audited } from '../change.ts'
import { conflict } from '../error.ts'
import { readPortkeyFilters } from '../logs/read-portkey-filters.ts'
import { route } from '../route.ts'
import { requireContentReason } from './content-wish.ts'
import { readWish, writeExchangeFilter, writeMaker } from './export-document.ts'
import { seeExport } from './see-export.ts'
import { showExport } from './show-export.ts'

/** From the start on it is clear which records the export is of: names and "now" are understood once. */
export const startExport = route({
  method: 'POST',
  path: '/logs/exports/:id/start',
  summary: 'Start an export of records, from the beginning',
  scope: ['logs.export'],
  reply: ExportTold,
  async handle({ caller, params }, parts) {
    await parts.flushRecords()
    await audited(parts, { caller, action: 'start', resource: 'export' }, async (tx, note) => {
      const before = await seeExport(tx, caller, params.id)
      if (before.status === 'in_progress') throw conflict('This export is running already.')
      const wish = readWish(before)
      requireContentReason(caller, wish)
      const store = { ...parts.store, db: tx }
      const { clock } = parts
      const filter = await readPortkeyFilters({ store, clock }, caller, wish.filters, before.workspaceId ?? undefined)
      const now = clock.now()
      const after = {
        ...before,
        status: 'in_progress' as const,
        maker: writeMaker(caller),
        filter: writeExchangeFilter(filter),
        folder: parts.exports.folder,
        cursor: null,
        rows: 0,
        bytes: 0,
        error: null,
        startedAt: Math.max(now, (before.startedAt ?? 0) + 1),
        finishedAt: null,
        updatedAt: now,
      }
      await updateLogExport(tx, after)
      note({ id: after.id, workspaceId: after.workspaceId ?? undefined, after: showExport(after) })
    })
    parts.exports.wake()
    return { message: 'The export has been started.', object: 'export' as const }
  },
})

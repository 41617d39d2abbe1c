import { ExportTold } from '../../contract/exports.ts'
import { updateLogExport } from '../../store/log-exports.ts'
import { audited } from '../change.ts'
import { conflict } from '../error.ts'
import { route } from '../route.ts'
import { seeExport } from './see-export.ts'
import { showExport } from './show-export.ts'

export const cancelExport = route({
  method: 'POST',
  path: '/logs/exports/:id/cancel',
  summary: 'Stop an export of records; it can be started again, from the beginning',
  scope: ['logs.export'],
  reply: ExportTold,
  async handle({ caller, params }, parts) {
    await audited(parts, { caller, action: 'cancel', resource: 'export' }, async (tx, note) => {
      const before = await seeExport(tx, caller, params.id)
      if (before.status !== 'in_progress') throw conflict('This export is not running, so there is nothing to cancel.')
      const now = parts.clock.now()
      const after = { ...before, status: 'stopped' as const, finishedAt: now, updatedAt: now }
      await updateLogExport(tx, after)
      note({ id: after.id, workspaceId: after.workspaceId ?? undefined, before: showExport(before) })
    })
    return { message: 'The export has been stopped.', object: 'export' as const }
  },
})

import { ExportCreate, ExportMade } from '../../contract/exports.ts'
import { newId } from '../../core/ids.ts'
import { insertLogExport, type LogExport } from '../../store/log-exports.ts'
import { audited } from '../change.ts'
import { readPortkeyFilters } from '../logs/read-portkey-filters.ts'
import { route } from '../route.ts'
import { requireContentRight } from './content-wish.ts'
import { countWish } from './count-wish.ts'
import { readWish, writeMaker, writeWish } from './export-document.ts'
import { creatorOf } from './see-export.ts'
import { showExport } from './show-export.ts'

export const createExport = route({
  method: 'POST',
  path: '/logs/exports',
  summary: 'Draw up an export of records',
  scope: ['logs.export'],
  body: ExportCreate,
  reply: ExportMade,
  async handle({ caller, body: { workspace_id: workspace, description = null, ...wish } }, parts) {
    const request = writeWish(wish)
    const { filters, ...read } = readWish({ request })
    requireContentRight(caller, read)
    const question = await readPortkeyFilters(parts, caller, filters, workspace)
    const now = parts.clock.now()
    const made: LogExport = {
      id: newId(now),
      organisationId: caller.organisationId,
      workspaceId: question.workspaceId ?? null,
      description,
      status: 'draft',
      request,
      maker: writeMaker(caller),
      filter: null,
      folder: null,
      cursor: null,
      rows: 0,
      bytes: 0,
      error: null,
      createdBy: creatorOf(caller),
      createdAt: now,
      updatedAt: now,
      startedAt: null,
      finishedAt: null,
    }
    await audited(parts, { caller, action: 'create', resource: 'export' }, async (tx, note) => {
      await insertLogExport(tx, made)
      note({ id: made.id, workspaceId: question.workspaceId, after: showExport(made) })
    })
    return { id: made.id, ...(await countWish(parts, question)), object: 'export' as const }
  },
})

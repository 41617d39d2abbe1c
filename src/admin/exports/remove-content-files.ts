import { findLogExport, listExportsAcross, updateLogExport, type LogExport } from '../../store/log-exports.ts'
import type { AdminCaller } from '../caller.ts'
import { audited } from '../change.ts'
import type { AdminParts } from '../parts.ts'
import { readWish } from './export-document.ts'
import { FILE_DAYS_MS } from './run-exports.ts'
import { showExport } from './show-export.ts'

const REMOVED = 'Its file was removed because content was deleted that it may have held. It can be started again.'

/**
 * Takes away the files of exports in which content of these workspaces may lie; one that is being written is stopped. Another
 * gateway's file cannot be fetched any more, and goes with its next look within the hour.
 */
export async function removeContentFiles(
  parts: Pick<AdminParts, 'store' | 'directory' | 'clock' | 'exports'>,
  caller: AdminCaller,
  workspaceIds: readonly string[],
): Promise<void> {
  const { store, clock, exports } = parts
  const now = clock.now()
  const mayHoldContent = (made: LogExport) => {
    const { holdsContent, columns } = readWish(made)
    const isThere = made.finishedAt === null || made.finishedAt + FILE_DAYS_MS > now
    // Of one's own records a preview is told without further ado.
    return isThere && (holdsContent || columns.includes('preview'))
  }
  const { organisationId } = caller
  const found = (await listExportsAcross(store.db, organisationId, workspaceIds)).filter(mayHoldContent)
  if (found.length > 0) {
    await audited(parts, { caller, action: 'empty', resource: 'export' }, async (tx, note) => {
      for (const each of found) {
        // It may have come further meanwhile, or have been stopped, which does not take the file away.
        const before = (await findLogExport(tx, { organisationId }, each.id)) ?? each
        const after = {
          ...before,
          status: 'stopped' as const,
          cursor: null,
          rows: 0,
          bytes: 0,
          error: REMOVED,
          finishedAt: now,
          updatedAt: now,
        }
        await updateLogExport(tx, after)
        const workspaceId = after.workspaceId ?? undefined
        note({ id: after.id, workspaceId, before: showExport(before), after: showExport(after) })
      }
    })
  }
  // Always: a file of one that was stopped or drawn up anew lies there until the next look, and may hold content, too.
  await exports.sweep()
}

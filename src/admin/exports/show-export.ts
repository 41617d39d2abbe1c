import type { z } from 'zod'
import type { Export } from '../../contract/exports.ts'
import type { LogExport } from '../../store/log-exports.ts'
import { showMoment } from '../show-moment.ts'
import { readWish } from './export-document.ts'
import { FILE_DAYS_MS } from './run-exports.ts'

export function showExport(made: LogExport): z.output<typeof Export> {
  const { filters, columns, format } = readWish(made)
  const moment = (at: number | null) => (at === null ? null : showMoment(at))
  const isDone = made.status === 'success' && made.finishedAt !== null
  return {
    id: made.id,
    object: 'export',
    organisation_id: made.organisationId,
    workspace_id: made.workspaceId,
    filters,
    requested_data: columns,
    format,
    status: made.status,
    description: made.description,
    created_by: made.createdBy,
    total_records: made.rows,
    bytes: made.bytes,
    error: made.error,
    started_at: moment(made.startedAt),
    finished_at: moment(made.finishedAt),
    expires_at: isDone ? showMoment(made.finishedAt + FILE_DAYS_MS) : null,
    created_at: showMoment(made.createdAt),
    last_updated_at: showMoment(made.updatedAt),
  }
}

import type { Selectable } from 'kysely'
import type { Database } from './database.ts'
import { readPage, type Page, type Window } from './page.ts'
import type { LogExportTable } from './schema-records.ts'

export type ExportStatus = 'draft' | 'in_progress' | 'success' | 'failed' | 'stopped'

/** An export of records, as its row says it; request, maker and filter are documents of the control plane. */
export interface LogExport {
  readonly id: string
  readonly organisationId: string
  readonly workspaceId: string | null
  readonly description: string | null
  readonly status: ExportStatus
  readonly request: string
  readonly maker: string
  readonly filter: string | null
  readonly folder: string | null
  readonly cursor: string | null
  /** Written so far, and the bytes of the file that hold them; what lies behind those was never finished. */
  readonly rows: number
  readonly bytes: number
  readonly error: string | null
  /** Of a person, else of a key; null for the administrator's key of the environment. */
  readonly createdBy: string | null
  readonly createdAt: number
  readonly updatedAt: number
  readonly startedAt: number | null
  readonly finishedAt: number | null
}

/** Whose exports somebody sees. */
export interface ExportScope {
  readonly organisationId: string
  readonly workspaceId?: string
  readonly createdBy?: string
}

export async function insertLogExport(db: Database, made: LogExport): Promise<void> {
  await db.insertInto('log_exports').values(toRow(made)).execute()
}

export async function findLogExport(db: Database, scope: ExportScope, id: string): Promise<LogExport | undefined> {
  const row = await narrow(db, scope).where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toExport(row)
}

/** An export that has a file, for whoever has a link to it. */
export async function findExportFile(db: Database, id: string): Promise<LogExport | undefined> {
  const row = await db
    .selectFrom('log_exports')
    .selectAll()
    .where('id', '=', id)
    .where('status', '=', 'success')
    .where('bytes', '>', 0)
    .executeTakeFirst()
  return row === undefined ? undefined : toExport(row)
}

/** Newest first. */
export async function listLogExports(db: Database, scope: ExportScope, window: Window): Promise<Page<LogExport>> {
  return await readPage(narrow(db, scope).orderBy('created_at', 'desc').orderBy('id', 'desc'), window, toExport)
}

/** Writes all of an export's row anew. */
export async function updateLogExport(db: Database, changed: LogExport): Promise<void> {
  await db.updateTable('log_exports').set(toRow(changed)).where('id', '=', changed.id).execute()
}

/** The export of a folder that waits longest to be written on. */
export async function findRunningExport(db: Database, folder: string): Promise<LogExport | undefined> {
  const row = await db
    .selectFrom('log_exports')
    .selectAll()
    .where('status', '=', 'in_progress')
    .where('folder', '=', folder)
    .orderBy('started_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? undefined : toExport(row)
}

/** Exports whose files lie in a folder, whatever became of them. */
export async function listExportsOf(db: Database, folder: string): Promise<readonly LogExport[]> {
  const rows = await db.selectFrom('log_exports').selectAll().where('folder', '=', folder).execute()
  return rows.map(toExport)
}

/** Exports with a file, finished or not, that holds records of one of these workspaces or of the organisation as a whole. */
export async function listExportsAcross(
  db: Database,
  organisationId: string,
  workspaceIds: readonly string[],
): Promise<readonly LogExport[]> {
  const rows = await db
    .selectFrom('log_exports')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('status', 'in', ['in_progress', 'success'])
    .where(({ or, eb }) => or([eb('workspace_id', 'is', null), eb('workspace_id', 'in', workspaceIds)]))
    .execute()
  return rows.map(toExport)
}

/**
 * Writes down how far an export has come, or how it ended. False, and nothing is changed, when it is not the one any more that was read:
 * somebody has stopped it, or started it again.
 */
export async function advanceLogExport(
  db: Database,
  { id, startedAt }: LogExport,
  progress: Pick<LogExport, 'updatedAt'> &
    Partial<Pick<LogExport, 'cursor' | 'rows' | 'bytes' | 'status' | 'error' | 'finishedAt'>>,
): Promise<boolean> {
  const { updatedAt, finishedAt, ...columns } = progress
  const { numUpdatedRows } = await db
    .updateTable('log_exports')
    .set({ ...columns, updated_at: updatedAt, ...(finishedAt !== undefined && { finished_at: finishedAt }) })
    .where('id', '=', id)
    .where('status', '=', 'in_progress')
    .where('started_at', '=', startedAt)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

function narrow(db: Database, { organisationId, workspaceId, createdBy }: ExportScope) {
  let query = db.selectFrom('log_exports').selectAll().where('organisation_id', '=', organisationId)
  if (workspaceId !== undefined) query = query.where('workspace_id', '=', workspaceId)
  if (createdBy !== undefined) query = query.where('created_by', '=', createdBy)
  return query
}

function toRow(made: LogExport): LogExportTable {
  return {
    id: made.id,
    organisation_id: made.organisationId,
    workspace_id: made.workspaceId,
    description: made.description,
    status: made.status,
    request: made.request,
    maker: made.maker,
    filter: made.filter,
    folder: made.folder,
    cursor: made.cursor,
    rows: made.rows,
    bytes: made.bytes,
    error: made.error,
    created_by: made.createdBy,
    created_at: made.createdAt,
    updated_at: made.updatedAt,
    started_at: made.startedAt,
    finished_at: made.finishedAt,
  }
}

function toExport(row: Selectable<LogExportTable>): LogExport {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    workspaceId: row.workspace_id,
    description: row.description,
    // Only these five are ever written.
    status: row.status as ExportStatus,
    request: row.request,
    maker: row.maker,
    filter: row.filter,
    folder: row.folder,
    cursor: row.cursor,
    rows: row.rows,
    bytes: row.bytes,
    error: row.error,
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}

/** How many there are of each status. */
export async function countLogExports(db: Database): Promise<Readonly<Record<string, number>>> {
  const rows = await db
    .selectFrom('log_exports')
    .groupBy('status')
    .select(['status', (count) => count.fn.countAll<number>().as('exports')])
    .execute()
  return Object.fromEntries(rows.map(({ status, exports }) => [status, Number(exports)]))
}

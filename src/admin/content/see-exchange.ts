import type { BodyReference } from '../../records/bodies/body-reader.ts'
import type { BodyState } from '../../records/transcript.ts'
import type { Database } from '../../store/database.ts'
import { findExchange, type StoredExchange } from '../../store/exchanges.ts'
import type { AdminCaller } from '../caller.ts'
import { missing } from '../error.ts'
import { recordsOf } from '../logs/filter-exchanges.ts'

/** The record of that request id; one that is not among those that the caller sees does not exist. */
export async function seeExchange(db: Database, caller: AdminCaller, id: string): Promise<StoredExchange> {
  const exchange = await findExchange(db, await recordsOf(db, caller, undefined), id)
  if (exchange === undefined) throw missing(`The log ${id}`)
  return exchange
}

/** Where the content of an exchange is to be found. */
export function referenceOf({
  id,
  workspace_id: workspaceId,
  body_state: state,
  shelf,
}: Pick<StoredExchange, 'id' | 'workspace_id' | 'body_state' | 'shelf'>): BodyReference {
  // The column is written from this type alone; nobody without a workspace has content.
  return { exchangeId: id, workspaceId: workspaceId ?? '', state: state as BodyState, shelf }
}

import type { Database } from '../../store/database.ts'
import { findProvider } from '../../store/providers.ts'
import { invalid } from '../error.ts'

/** Refuses a default provider that the workspace does not have: every request that names none would fail by it. */
export async function requireProvider(db: Database, workspaceId: string, reference: string): Promise<void> {
  const found = await findProvider(db, workspaceId, reference.replace(/^@/, ''))
  if (found === undefined) throw invalid(`defaults.provider: this workspace has no provider ${reference}`)
}

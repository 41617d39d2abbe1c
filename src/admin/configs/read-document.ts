import type { Database } from '../../store/database.ts'
import type { Workspace } from '../../store/workspaces.ts'
import type { AdminCaller } from '../caller.ts'
import { invalid } from '../error.ts'
import { checkDocument } from './check-document.ts'

/** The JSON text of a document that can be saved; otherwise one refusal names every problem with its path. */
export async function readDocument(
  db: Database,
  caller: AdminCaller,
  workspace: Workspace,
  written: unknown,
  trustedHosts: readonly string[],
): Promise<string> {
  const { document, problems } = await checkDocument(db, caller, workspace, written, trustedHosts)
  if (problems.length > 0) throw invalid(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  return document
}

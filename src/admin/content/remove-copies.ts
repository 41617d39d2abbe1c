import type { AdminCaller } from '../caller.ts'
import { removeContentFiles } from '../exports/remove-content-files.ts'
import type { AdminParts } from '../parts.ts'

/**
 * Removes what content of these workspaces has left elsewhere: files of exports, and cached answers. To be called when the content
 * itself is gone, so that an export that is started meanwhile holds none of it.
 */
export async function removeCopies(
  parts: AdminParts,
  caller: AdminCaller,
  workspaceIds: readonly string[],
): Promise<void> {
  if (workspaceIds.length === 0) return
  await removeContentFiles(parts, caller, workspaceIds)
  for (const id of workspaceIds) await parts.forgetAnswers(id)
}

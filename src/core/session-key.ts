import { createHash } from 'node:crypto'

/**
 * Our name for a session, such as `ses_5f0c…`. The id that a client sends is a claim that anybody can copy, so it counts
 * only within a workspace and within one person, or one key where there is no person: two who send the same id have two
 * sessions. The same three always come to the same name, so no process has to ask another one for it.
 */
export function sessionKey(workspaceId: string, owner: string, claimedId: string): string {
  const hash = createHash('sha256').update(`${workspaceId}\n${owner}\n${claimedId}`).digest('hex')
  return `ses_${hash.slice(0, 32)}`
}

import { Hold, HoldCreate } from '../../contract/records.ts'
import { newId } from '../../core/ids.ts'
import type { Database } from '../../store/database.ts'
import { insertLegalHold, type LegalHold } from '../../store/legal-holds.ts'
import type { AdminCaller } from '../caller.ts'
import { audited } from '../change.ts'
import { seeCodingSession } from '../coding-sessions/see-coding-session.ts'
import { route } from '../route.ts'
import { seeUser } from '../users/see-user.ts'
import { seeWorkspace } from '../workspaces/see-workspace.ts'
import { showHold } from './show-hold.ts'

export const createHold = route({
  method: 'POST',
  path: '/records/holds',
  summary: 'Hold the content of a session, a person or a workspace',
  scope: ['organisation_settings.update'],
  body: HoldCreate,
  reply: Hold,
  async handle({ caller, body: { subject, id, reason } }, parts) {
    const now = parts.clock.now()
    return audited(parts, { caller, action: 'create', resource: 'legal-hold' }, async (tx, note) => {
      const hold: LegalHold = {
        id: newId(now),
        organisationId: caller.organisationId,
        subject,
        subjectId: await findSubject(tx, caller, subject, id),
        reason,
        createdBy: caller.userId ?? caller.keyId ?? null,
        createdAt: now,
      }
      await insertLegalHold(tx, hold)
      note({ id: hold.id, after: showHold(hold) })
      return showHold(hold)
    })
  },
})

async function findSubject(
  db: Database,
  caller: AdminCaller,
  subject: LegalHold['subject'],
  id: string,
): Promise<string> {
  switch (subject) {
    case 'session':
      return (await seeCodingSession(db, caller, id)).session.id
    case 'user':
      return (await seeUser(db, caller, id)).id
    case 'workspace':
      return (await seeWorkspace(db, caller, id)).id
  }
}

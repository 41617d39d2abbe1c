import { AuditVerdict, AuditVerifyQuery } from '../../contract/audit.ts'
import { verifyAudit } from '../../store/verify-audit.ts'
import { isAdministrator } from '../caller.ts'
import { forbidden } from '../error.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'

export const verifyTrail = route({
  method: 'GET',
  path: '/audit-logs/verify',
  summary: 'Check that nothing in the audit trail was changed since it was written',
  scope: ['audit_logs.list'],
  query: AuditVerifyQuery,
  reply: AuditVerdict,
  async handle({ caller, query: { number, hash } }, { store }) {
    if (!isAdministrator(caller)) throw forbidden('The trail can be checked as a whole only, by an administrator.')
    const known = number === undefined || hash === undefined ? undefined : { number, hash }
    const { entries, last, problem } = await verifyAudit(store.db, known)
    return {
      intact: problem === undefined,
      entries,
      last: last === undefined ? null : { number: last.number, hash: last.hash, timestamp: showMoment(last.at) },
      problem: problem ?? null,
      object: 'audit-verdict' as const,
    }
  },
})

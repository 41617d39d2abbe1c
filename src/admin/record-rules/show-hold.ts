import type { z } from 'zod'
import type { Hold } from '../../contract/records.ts'
import type { LegalHold } from '../../store/legal-holds.ts'
import { showMoment } from '../show-moment.ts'

/*
 * Legal holds: content that is under one is neither thrown away when its time is over nor deleted by anybody, until the hold ends.
 * They are the organisation's, and only its administrators know of them.
 */

export function showHold(hold: LegalHold): z.output<typeof Hold> {
  return {
    id: hold.id,
    object: 'legal-hold',
    subject: hold.subject,
    subject_id: hold.subjectId,
    reason: hold.reason,
    created_by: hold.createdBy,
    created_at: showMoment(hold.createdAt),
  }
}

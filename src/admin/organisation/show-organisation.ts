import type { z } from 'zod'
import type { Organisation as OrganisationAnswer } from '../../contract/organisation.ts'
import type { Database } from '../../store/database.ts'
import type { Organisation } from '../../store/organisations.ts'
import { readLimits, showListed } from '../limits/show-limits.ts'
import type { AdminParts } from '../parts.ts'
import { showSettings } from '../record-rules/record-settings.ts'
import { showMoment } from '../show-moment.ts'

export async function showOrganisation(
  db: Database,
  { id, name, settings, createdAt }: Organisation,
  { limits }: Pick<AdminParts, 'limits'>,
): Promise<z.output<typeof OrganisationAnswer>> {
  const limitsOf = await readLimits(db, 'organisation', [id], limits)
  const shown = limitsOf(id)
  return {
    id,
    name,
    time_zone: settings.timeZone ?? 'UTC',
    contact: settings.contact ?? null,
    session_hours: settings.sessionHours ?? null,
    end_running_streams: settings.endRunningStreams ?? true,
    records: {
      ...showSettings(settings.records ?? {}),
      ...(settings.rowDays !== undefined && { row_days: settings.rowDays }),
    },
    ...showListed(shown),
    status: shown.isExhausted ? 'exhausted' : 'active',
    created_at: showMoment(createdAt),
    object: 'organisation',
  }
}

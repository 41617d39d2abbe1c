import type { z } from 'zod'
import { Nothing } from '../../contract/fields.ts'
import { OrganisationUpdate } from '../../contract/organisation.ts'
import type { OrganisationSettings } from '../../store/documents.ts'
import * as organisations from '../../store/organisations.ts'
import { audited } from '../change.ts'
import { setLimits } from '../limits/set-limits.ts'
import { readSettings } from '../record-rules/record-settings.ts'
import { route } from '../route.ts'
import { seeOrganisation } from './see-organisation.ts'
import { showOrganisation } from './show-organisation.ts'

export const updateOrganisation = route({
  method: 'PUT',
  path: '/organisation',
  summary: 'Change the settings or limits of the organisation',
  scope: ['organisation_settings.update'],
  body: OrganisationUpdate,
  reply: Nothing,
  async handle({ caller, body }, parts) {
    const { name, usage_limits, rate_limits, reset_usage, ...settings } = body
    await audited(parts, { caller, action: 'update', resource: 'organisation' }, async (tx, note) => {
      const organisation = await seeOrganisation(tx, caller)
      const { id } = organisation
      const before = await showOrganisation(tx, organisation, parts)
      await organisations.updateOrganisation(tx, id, {
        name: name ?? organisation.name,
        settings: applySettings(organisation.settings, settings),
      })
      const limited = { organisationId: id, workspaceId: undefined, level: 'organisation', subjectId: id } as const
      await setLimits(tx, caller, limited, { usage_limits, rate_limits, reset_usage }, parts.clock.now())
      note({ id, before, after: await showOrganisation(tx, await seeOrganisation(tx, caller), parts) })
    })
    return {}
  },
})

/** What is left out stays, null clears. */
function applySettings(
  before: OrganisationSettings,
  wanted: Pick<
    z.output<typeof OrganisationUpdate>,
    'time_zone' | 'contact' | 'session_hours' | 'end_running_streams' | 'records'
  >,
): OrganisationSettings {
  const { timeZone, contact, sessionHours, endRunningStreams } = before
  const { records } = wanted
  const rowDays = records === undefined ? before.rowDays : records?.row_days
  const said = records === undefined ? before.records : readSettings(records)
  const {
    time_zone: zone = timeZone,
    contact: asked = contact,
    session_hours: hours = sessionHours,
    end_running_streams: end = endRunningStreams,
  } = wanted
  return {
    ...(isSet(zone) && { timeZone: zone }),
    ...(isSet(asked) && { contact: asked }),
    ...(isSet(hours) && { sessionHours: hours }),
    ...(end !== undefined && { endRunningStreams: end }),
    ...(said !== undefined && { records: said }),
    ...(isSet(rowDays) && { rowDays }),
  }
}

function isSet<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined
}

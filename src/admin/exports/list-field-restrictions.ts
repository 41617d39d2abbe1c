import { CONTENT_COLUMNS, EXPORT_COLUMNS, FieldRestrictions } from '../../contract/exports.ts'
import { route } from '../route.ts'
import { mayAskForContent } from './content-wish.ts'

export const listFieldRestrictions = route({
  method: 'GET',
  path: '/logs/exports/field-restrictions',
  summary: 'List the columns that an export may hold, and those that this caller may not ask for',
  scope: ['logs.export'],
  reply: FieldRestrictions,
  async handle({ caller }) {
    const denied: readonly string[] = mayAskForContent(caller) ? [] : CONTENT_COLUMNS
    return {
      object: 'field-restrictions' as const,
      fields: EXPORT_COLUMNS.filter((name) => !denied.includes(name)),
      denied_fields: [...denied],
    }
  },
})

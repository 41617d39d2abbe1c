import { stringify } from 'yaml'
import { ConfigurationExport, ConfigurationQuery } from '../../contract/configuration.ts'
import { INVITED } from '../../contract/read-organisation.ts'
import { writeConfiguration } from '../../contract/write-configuration.ts'
import { route, type AdminRoute } from '../route.ts'
import { readActual } from './draw-plan.ts'

/** Secrets are references to fill in: what came in is never shown again. */
export function exportConfiguration(routes: readonly AdminRoute[]): AdminRoute {
  return route({
    method: 'GET',
    path: '/configuration',
    summary: 'Write everything down as a configuration file',
    scope: ['organisation_settings.read'],
    query: ConfigurationQuery,
    reply: ConfigurationExport,
    async handle({ caller, query }, parts) {
      const actual = await readActual({ routes, caller, parts })
      const { file, references } = writeConfiguration(actual, query.name)
      const invited = actual.filter(({ kind, handle }) => kind === 'user' && handle === INVITED)
      return {
        document: stringify(file, { lineWidth: 0, aliasDuplicateObjects: false }),
        notes: [
          ...references.map((reference) => `The value of ${reference} has to be provided by whoever applies the file.`),
          ...invited.map(({ name }) => `${name} is invited, but has not accepted yet, and is left out.`),
        ],
      }
    },
  })
}

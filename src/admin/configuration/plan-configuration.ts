import { ConfigurationPlan, ConfigurationPlanRequest } from '../../contract/configuration.ts'
import { route, type AdminRoute } from '../route.ts'
import { drawPlan } from './draw-plan.ts'

/** Changes nothing. The answer names every problem of the file, or what would be done. */
export function planConfiguration(routes: readonly AdminRoute[]): AdminRoute {
  return route({
    method: 'POST',
    path: '/configuration/plan',
    summary: 'Say what a configuration file would change',
    scope: ['organisation_settings.read'],
    body: ConfigurationPlanRequest,
    reply: ConfigurationPlan,
    async handle({ caller, body: { document, secrets, prune } }, parts) {
      return (await drawPlan({ document, secrets, prune }, { routes, caller, parts })).shown
    },
  })
}

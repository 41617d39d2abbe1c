import { ConfigurationApplyRequest, ConfigurationOutcome } from '../../contract/configuration.ts'
import { conflict, invalid } from '../error.ts'
import { route, type AdminRoute } from '../route.ts'
import { carryOut } from './carry-out.ts'
import { drawPlan } from './draw-plan.ts'

/**
 * Does what a plan said, if that is still what there is to do. One file is applied at a time, so that two who apply the same one do not make
 * everything twice.
 */
export function applyConfiguration(routes: readonly AdminRoute[]): AdminRoute {
  const takeTurn = createTurns()
  return route({
    method: 'POST',
    path: '/configuration/apply',
    summary: 'Carry out the plan of a configuration file',
    scope: ['organisation_settings.update'],
    body: ConfigurationApplyRequest,
    reply: ConfigurationOutcome,
    handle({ caller, body: { document, secrets, prune, plan_id: id } }, parts) {
      return takeTurn(async () => {
        const plan = await drawPlan({ document, secrets, prune }, { routes, caller, parts })
        const { problems, references, plan_id: now } = plan.shown
        if (problems.length > 0) {
          throw invalid(problems.map(({ path, line, message }) => `line ${line}: ${path}: ${message}`).join('\n'))
        }
        if (now === null) {
          const missing = references.filter(({ reference }) => secrets[reference] === undefined)
          throw invalid(`secrets: are missing: ${missing.map(({ reference }) => reference).join(', ')}`)
        }
        if (now !== id)
          throw conflict('This is not what there is to do any more: something has changed since the plan. Plan again.')
        return carryOut(plan, secrets, caller, parts)
      })
    },
  })
}

/** Runs one piece of work after the other. */
function createTurns(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => {
      // Whoever asked for that piece has heard of its failure.
    })
    return turn
  }
}

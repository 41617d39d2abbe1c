import type { Resource } from '../../contract/read-organisation.ts'
import { foldName } from '../../core/fold-name.ts'
import type { StepProblem } from './check-steps.ts'
import type { Step } from './make-plan.ts'

/**
 * Two workspaces may not have one name, whatever their slugs. Told by the plan, because a file that was written for one slug
 * is easily applied where the same team's workspace has another.
 */
export function checkNames(steps: readonly Step[], actual: readonly Resource[]): readonly StepProblem[] {
  const others = actual.filter(({ kind }) => kind === 'workspace')
  const renamed = new Set(steps.filter((step) => newName(step) !== undefined).map((step) => step.actual))
  return steps.flatMap((step) => {
    const name = newName(step)
    if (name === undefined || step.wanted === undefined) return []
    const other = others.find(
      (each) => each !== step.actual && !renamed.has(each) && foldName(String(each.entry['name'])) === foldName(name),
    )
    if (other === undefined) return []
    const message = `the workspace ${other.handle} is called ${String(other.entry['name'])} already; name it here by that slug, or choose another name`
    return [{ path: step.wanted.path, message }]
  })
}

/** The name that a workspace gets by a step. */
function newName({ kind, action, name: slug, changes }: Step): string | undefined {
  if (kind !== 'workspace' || action === 'delete') return undefined
  const name = changes.find(({ member }) => member === 'name')?.to
  return typeof name === 'string' ? name : action === 'create' ? slug : undefined
}

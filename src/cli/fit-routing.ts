import { record, text } from '../contract/answer.ts'

interface Surroundings {
  hasProvider(slug: string): boolean
  leave(why: string): void
}

/** What Portkey takes and Portcullis does not: guardrails, hooks and prompts, and accounts that are described in the middle of a config. */
const FOREIGN =
  /guardrails|_hooks$|Hooks$|_mutators$|^(?:prompt_id|api_key|resource_name|deployment_id|deployments|api_version)$|^(?:aws|vertex|azure|openai|workers_ai)_/

type Node = Readonly<Record<string, unknown>>

/** A routing document without what cannot be followed here. Undefined when nothing is left that serves. */
export function fitRouting(document: unknown, { hasProvider, leave }: Surroundings): Node | undefined {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    leave('its document could not be read')
    return undefined
  }
  return fit(document as Node, 'config')

  function fit(node: Node, path: string): Node | undefined {
    for (const name of Object.keys(node))
      if (FOREIGN.test(name)) leave(`${path}.${name} was left out: Portcullis has no such thing`)
    const kept = Object.fromEntries(Object.entries(node).filter(([name]) => !FOREIGN.test(name)))
    const written = text(node, 'provider') ?? text(node, 'virtual_key')
    const slug = written?.replace(/^@/, '')
    if (slug !== undefined && !hasProvider(slug)) {
      leave(`${path} was left out: it names the provider ${written}, which is not brought over`)
      return undefined
    }
    if (!Array.isArray(node['targets'])) return kept
    return fitTargets(kept, node['targets'], path)
  }

  function fitTargets(node: Node, targets: readonly unknown[], path: string): Node | undefined {
    const fitted = targets.map((target, index) => fit((target ?? {}) as Node, `${path}.targets[${index}]`))
    const left = fitted.filter((target) => target !== undefined)
    // Conditions name their targets: without one of them they would mean something else.
    const isConditional = text(record(node, 'strategy'), 'mode') === 'conditional'
    if (left.length === fitted.length) return { ...node, targets: left }
    if (left.length > 0 && !isConditional) return { ...node, targets: left }
    leave(
      `${path} was left out: ${isConditional ? 'its conditions name a target that is' : 'none of its targets is left'}`,
    )
    return undefined
  }
}

import { createHash } from 'node:crypto'
import type { AnswerKey } from '../cache/answer-cache.ts'
import { type HeaderLines, header } from '../core/headers.ts'
import type { Planned, Route, Target } from './exchange.ts'

/**
 * What makes two requests the same: who may share answers, the way they go, and every byte that the model gets to see. Undefined when nobody
 * could answer: what was kept for a provider that is gone, or for a model that is not allowed any more, is no answer.
 */
export function cacheKey(exchange: Planned, scope: 'key' | 'workspace'): AnswerKey | undefined {
  const { caller, endpoint, query, headers, body, plan } = exchange
  const targets = targetsOf(plan.route)
  const [first] = targets
  if (first === undefined) return undefined
  const described = JSON.stringify([
    caller.workspaceId,
    scope === 'key' ? caller.keyId : null,
    endpoint,
    query,
    seenByModel(headers, new Set(targets.flatMap(({ settings }) => settings.forwardHeaders))),
    plan.config.fingerprint,
    nameOf(first),
    // Any of them may have given the answer, so with one that goes, or becomes another, everything that was kept is out of reach. Their order
    // may be drawn anew for each request.
    targets.map(nameOf).toSorted(),
    header(headers, 'x-portkey-cache-namespace') ?? Object.entries(plan.metadata).toSorted(byName),
  ])
  // JSON ends where it ends, so no body can pretend to be a part of what stands before it.
  const id = createHash('sha256').update(described).update(body.bytes).digest('hex')
  return { workspaceId: caller.workspaceId, id }
}

/** Every target that may be tried, the one that comes first in front. */
export function targetsOf(route: Route): readonly Target[] {
  switch (route.kind) {
    case 'target':
      return [route]
    case 'choice':
      return route.options.flatMap(targetsOf)
    case 'dead end':
      return []
  }
}

/** Edits of the body need no name of their own here: they are a part of the config, at that path. */
function nameOf({ path, upstream, wire, model }: Target): string {
  return JSON.stringify([path, upstream.providerId, upstream.integrationId, wire.id, model])
}

/** Headers that change an answer: Anthropic's own (version, betas), Portkey's spelling of them, and those that any of the targets is sent. */
function seenByModel(headers: HeaderLines, forwarded: ReadonlySet<string>): string[] {
  const seen: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!.toLowerCase()
    if (/^(?:x-portkey-)?anthropic-/.test(name) || forwarded.has(name)) {
      seen.push(name, headers[at + 1]!)
    }
  }
  return seen
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1
}

import type { Repairs } from '../providers/adapter.ts'
import type { Failure } from './failure.ts'

/** What a target's refusal says about the next try; the same target takes it with this much less in it. */
export type Repair =
  | { readonly kind: 'betas'; readonly refused: readonly string[] }
  | { readonly kind: 'fewest betas' }
  | { readonly kind: 'thinking' }
  | { readonly kind: 'attribution' }
  | { readonly kind: 'cache ttl' }

/**
 * The refusals that another request would not meet, by the providers' own words: with and without back-ticks, and also inside a string of JSON
 * in a string, as Google passes them on.
 */
export function findRepair({ status, text }: Pick<Failure, 'status' | 'text'>): Repair | undefined {
  if (status !== 400 || text === '') return undefined
  if (SIGNATURE.test(text)) return { kind: 'thinking' }
  if (UNEXPECTED_VALUES.test(text)) {
    const refused = text.match(BETA_NAME) ?? []
    return refused.length === 0 ? { kind: 'fewest betas' } : { kind: 'betas', refused }
  }
  if (/invalid beta flag/i.test(text)) return { kind: 'fewest betas' }
  if (/x-anthropic-billing-header is a reserved keyword/i.test(text)) return { kind: 'attribution' }
  if (/cache_control(?:\.\w+)*\.ttl\b.{0,8}Extra inputs are not permitted/i.test(text)) return { kind: 'cache ttl' }
  return undefined
}

const SIGNATURE =
  /Invalid \W{0,4}signature\W{0,4} in \W{0,4}thinking\W{0,4} block|capability_rejected: thinking_signature/i

const UNEXPECTED_VALUES = /Unexpected value\(s\).{0,2000}anthropic-beta/is

/** Every beta is called by a name and a date. */
const BETA_NAME = /[a-z][a-z0-9-]{1,100}-20\d{2}-\d{2}-\d{2}/g

/** The repairs so far with one more; undefined when that kind of it has been made, and did not help. */
export function withRepair(repairs: Repairs, repair: Repair, messageCount: number): Repairs | undefined {
  switch (repair.kind) {
    case 'betas': {
      const fresh = repair.refused.filter((name) => !repairs.betasRefused.has(name))
      if (fresh.length === 0) return undefined
      return { ...repairs, betasRefused: new Set([...repairs.betasRefused, ...fresh]) }
    }
    case 'fewest betas':
      return repairs.fewestBetas ? undefined : { ...repairs, fewestBetas: true }
    case 'thinking':
      return repairs.foreignThinking >= messageCount ? undefined : { ...repairs, foreignThinking: messageCount }
    case 'attribution':
      return repairs.withoutAttribution ? undefined : { ...repairs, withoutAttribution: true }
    case 'cache ttl':
      return repairs.withoutCacheTtl ? undefined : { ...repairs, withoutCacheTtl: true }
  }
}

/*
 * A Config, ready to be followed: Portkey's routing document after it was read, checked and inherited downwards. document.ts makes these from
 * JSON; the data plane only ever sees them.
 */

export interface RoutingConfig {
  /** `pc-…` of a saved config; undefined for one that came with the request. */
  readonly id: string | undefined
  /** Of the saved version. */
  readonly versionId: string | undefined
  /** Names this very document: two that differ have different ones, and a new version has a new one. Part of cache and affinity keys. */
  readonly fingerprint: string
  readonly root: RoutingNode
}

export type RoutingNode = TargetNode | FallbackNode | LoadbalanceNode | ConditionalNode

interface NodeBase {
  /** Where it stands in the document: `config`, `config.targets[0]`, `config.targets[1].targets[0]`. */
  readonly path: string
  readonly name: string | undefined
}

/** One provider, and how it is asked. */
export interface TargetNode extends NodeBase {
  readonly kind: 'target'
  /** Slug without `@`; undefined when the request or the caller's defaults choose. */
  readonly provider: string | undefined
  readonly settings: TargetSettings
}

/** The first that works. */
export interface FallbackNode extends NodeBase {
  readonly kind: 'fallback'
  readonly children: readonly RoutingNode[]
  /** Statuses that move on; undefined for the usual ones. */
  readonly onStatusCodes: ReadonlySet<number> | undefined
}

/** One of several, by weight; the others in that order when it fails. */
export interface LoadbalanceNode extends NodeBase {
  readonly kind: 'loadbalance'
  readonly children: readonly RoutingNode[]
  /** One for each child; 0 takes no traffic. At least one is above 0. */
  readonly weights: readonly number[]
  readonly onStatusCodes: ReadonlySet<number> | undefined
  readonly sticky: StickyRule | undefined
}

/** The one whose condition holds. */
export interface ConditionalNode extends NodeBase {
  readonly kind: 'conditional'
  readonly children: readonly RoutingNode[]
  readonly conditions: readonly { readonly query: Query; readonly then: number }[]
  /** Index of the child that serves when no condition holds. */
  readonly otherwise: number
}

/** What applies to a target, its own or inherited. */
export interface TargetSettings {
  readonly retry: RetryRule | undefined
  readonly cache: CacheRule | undefined
  /** Milliseconds until the first content (streams) or the whole answer (others). */
  readonly requestTimeoutMs: number | undefined
  readonly params: ParamEdits
  /** Names of client headers, in lower case, that travel up beyond the usual ones. */
  readonly forwardHeaders: readonly string[]
  /** Another address for this target's provider; only ever of the host that its credential is sealed for. */
  readonly customHost: string | undefined
  /** Sent as `anthropic-beta` / `anthropic-version` instead of the client's. */
  readonly anthropicBeta: string | undefined
  readonly anthropicVersion: string | undefined
  readonly breaker: BreakerRule | undefined
}

export interface RetryRule {
  /** Tries after the first; 0 to 5. */
  readonly attempts: number
  readonly onStatusCodes: ReadonlySet<number> | undefined
  readonly useRetryAfterHeaders: boolean
}

export interface CacheRule {
  readonly maxAgeSeconds: number
  /** Who shares the answers: one key, or all keys of the workspace. */
  readonly scope: 'key' | 'workspace'
}

/** Edits of the body, in this order: defaults, overrides, drops. */
export interface ParamEdits {
  /** Set when the body has no such member. */
  readonly defaults: Readonly<Record<string, unknown>>
  readonly overrides: Readonly<Record<string, unknown>>
  readonly drops: readonly ParamPath[]
}

/** `['messages', '*', 'cache_control']` for `messages[*].cache_control`. */
export type ParamPath = readonly (string | number)[]

export const NO_EDITS: ParamEdits = { defaults: {}, overrides: {}, drops: [] }

export interface StickyRule {
  /** `params.…`, `metadata.…` or `headers.…`; with none, the key alone decides. */
  readonly hashFields: readonly string[]
  readonly ttlSeconds: number
}

/** When a circuit opens, and for how long. */
export interface BreakerRule {
  readonly failureThreshold: number | undefined
  /** 0 to 100. */
  readonly failureThresholdPercentage: number | undefined
  readonly minimumRequests: number
  readonly cooldownMs: number
  /** Undefined for 500 and above, and everything that never came to a status. */
  readonly failureStatusCodes: ReadonlySet<number> | undefined
}

/** A condition: all of `and`, any of `or`, or one comparison. */
export type Query =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Query[] }
  | { readonly kind: 'compare'; readonly field: readonly string[]; readonly test: Comparison }

export type Comparison =
  | {
      readonly operator: '$eq' | '$ne' | '$gt' | '$gte' | '$lt' | '$lte'
      readonly value: string | number | boolean | null
    }
  | { readonly operator: '$in' | '$nin'; readonly values: readonly (string | number | boolean | null)[] }
  /** A pattern that takes time linear in its input. */
  | { readonly operator: '$regex'; readonly matches: (text: string) => boolean }

export const NO_SETTINGS: TargetSettings = {
  retry: undefined,
  cache: undefined,
  requestTimeoutMs: undefined,
  params: NO_EDITS,
  forwardHeaders: [],
  customHost: undefined,
  anthropicBeta: undefined,
  anthropicVersion: undefined,
  breaker: undefined,
}

/** What a request without a Config follows. */
export const NO_CONFIG: RoutingConfig = {
  id: undefined,
  versionId: undefined,
  fingerprint: '',
  root: { kind: 'target', path: 'config', name: undefined, provider: undefined, settings: NO_SETTINGS },
}

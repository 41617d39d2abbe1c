import type { Nanos } from '../core/money.ts'

/*
 * What may be used up, and how fast. A budget is an amount for a period; a rate limit is an amount for a sliding window, or a number of
 * requests at once. Both stand at a level; all that apply to a call apply together.
 */

/**
 * `integration`: one workspace's use of one provider account. `policy`: whatever its conditions name, in one bucket for each combination of the
 * values that it groups by.
 */
export type LimitLevel = 'organisation' | 'workspace' | 'user' | 'key' | 'provider' | 'integration' | 'policy'

interface LimitBase {
  readonly id: string
  readonly level: LimitLevel
  /** What is limited, in the words of a refusal: `key “ci”`, `workspace payments`, `you`. */
  readonly of: string
  readonly workspaceId: string | undefined
}

export type BudgetUnit = 'cost' | 'tokens' | 'requests'

/** When a budget begins anew. Days begin at midnight of the organisation's time zone, weeks on Monday, months on the 1st. */
export type Reset =
  | { readonly every: 'day' | 'week' | 'month' }
  /** Counted in whole days from the day of `since`. */
  | { readonly every: 'days'; readonly days: number }
  | { readonly every: 'never' }

export interface Budget extends LimitBase {
  readonly kind: 'budget'
  readonly unit: BudgetUnit
  /** Nano-dollars, tokens or requests. */
  readonly amount: bigint
  readonly reset: Reset
  /** Milliseconds since the epoch. What was used before does not count. */
  readonly since: number
  /** A soft one only tells. */
  readonly hard: boolean
  /** `strict`: holds the most that a call may use. `tight`: holds what it is expected to use, and may be passed by a stated bound. */
  readonly mode: 'strict' | 'tight'
  /** Amounts at which somebody is told, rising; all below `amount`. */
  readonly alertAt: readonly bigint[]
}

export interface RateLimit extends LimitBase {
  readonly kind: 'rate'
  /** `concurrency`: requests at the same time; it has no window. */
  readonly unit: 'requests' | 'tokens' | 'concurrency'
  readonly value: number
  /** Milliseconds of the sliding window; 0 for concurrency. */
  readonly windowMs: number
}

/**
 * The name of one purse or window (`bucket.ts` says how it is made). The ledger keeps the names of a call's buckets, so that after a restart
 * everything is added up again.
 */
export type Bucket = string

/** A budget and the bucket of it that a call is charged to. */
export interface Purse {
  readonly budget: Budget
  readonly bucket: Bucket
}

/** A rate limit and the bucket of it that a request counts in. */
export interface Lane {
  readonly rate: RateLimit
  readonly bucket: Bucket
}

/** Whom a request comes from: enough to find the limits that apply before a target is chosen. */
export interface LimitedCaller {
  readonly organisationId: string
  readonly workspaceId: string
  readonly userId: string | undefined
  readonly keyId: string
}

/** Where an attempt goes; with the caller, all that limits look at. */
export interface LimitedCall extends LimitedCaller {
  readonly endpoint: 'messages' | 'count_tokens'
  readonly metadata: Readonly<Record<string, string>>
  readonly providerId: string
  readonly providerSlug: string
  readonly integrationId: string
  /** The client's name for the model. */
  readonly model: string
  /** Slug or id of the config that is followed. */
  readonly configId: string | undefined
}

/** All limits in force, prepared for questions; made anew when one changes. */
export interface Rulebook {
  /** Budgets that a call is charged to. None for counting tokens, which is free. */
  purses(call: LimitedCall): readonly Purse[]
  /** Rate limits that are known without a target: of organisation, workspace, user and key, and policies that ask for nothing else. */
  lanes(caller: LimitedCaller, request: Pick<LimitedCall, 'endpoint' | 'metadata'>): readonly Lane[]
  /** Those that need the target as well: of provider and integration, and all other policies. */
  targetLanes(call: LimitedCall): readonly Lane[]
  /** By id. */
  find(limitId: string): Budget | RateLimit | undefined
  /** When buckets that were reset by hand began anew, in milliseconds since the epoch. */
  resetAt(bucket: Bucket): number | undefined
}

/** What a call uses, in every unit that can be limited. */
export interface Amounts {
  readonly costNanos: Nanos
  readonly tokens: number
  /** 1 for the first call of an exchange, 0 for its retries. */
  readonly requests: number
}

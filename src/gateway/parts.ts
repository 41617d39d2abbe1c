import type { AnswerCache } from '../cache/answer-cache.ts'
import type { Clock } from '../core/clock.ts'
import type { GatewayError } from '../core/errors.ts'
import type { ReportedUsage } from '../core/usage.ts'
import type { Nanos } from '../core/money.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Budgets } from '../limits/budgets.ts'
import type { Rulebook } from '../limits/limit.ts'
import type { Gates, Rates } from '../limits/rates.ts'
import type { Recorder } from '../records/record.ts'
import type { Transcripts } from '../records/transcript.ts'
import type { Affinity } from '../routing/affinity.ts'
import type { Breakers } from '../routing/breaker.ts'
import type { RoutingConfig } from '../routing/routing-config.ts'
import type { Adapter, ProviderKind, Signer, Transport, Upstream, UpstreamTimeouts } from '../providers/adapter.ts'
import type { Caller } from './exchange.ts'

/** Everything the data plane needs, as interfaces; app.ts decides what stands behind them. */
export interface GatewayParts {
  readonly clock: Clock
  readonly keys: Keys
  readonly catalogue: Catalogue
  readonly configs: Configs
  readonly providers: Readonly<Record<ProviderKind, ProviderParts>>
  readonly prices: Prices
  readonly ledger: Ledger
  readonly recorder: Recorder
  readonly transcripts: Transcripts
  /** Told once of every exchange whose content could not be handed over. The exchange goes on as if nothing had happened. */
  readonly transcriptFailed: (problem: unknown) => void
  /** Told of every failure that somebody else than the caller has to act on. */
  readonly report: (failure: ReportedFailure) => void
  /** Told of what the gateway has found out and worked around, so that an operator may mend the cause. */
  readonly warn?: (warning: Warning) => void
  /** Which option of a choice served a conversation. */
  readonly affinity: Affinity
  readonly breakers: Breakers
  /** Answers that may be given again. */
  readonly answers: AnswerCache
  /** An even draw from 0 up to 1, for pauses that should not all end at once. */
  readonly random: () => number
  readonly timeouts: GatewayTimeouts
  readonly requestLimits: RequestLimits
  readonly limits: CallLimits
}

/** What may be used up and how fast, and who keeps count of it. */
export interface CallLimits {
  /** The limits in force now; another object as soon as one of them changes. */
  rulebook(): Rulebook
  readonly budgets: Budgets
  readonly rates: Rates
  readonly gates: Gates
  /** What the organisation says of itself to whoever is refused. */
  organisation(): OrganisationVoice
}

export interface OrganisationVoice {
  /** IANA name of the zone in which budgets begin anew and moments are told; undefined means UTC. */
  readonly timeZone: string | undefined
  /** Where a refused developer can turn to: a channel, an address, a page. */
  readonly contact: string | undefined
}

/** A failure for the operator's log. */
export interface ReportedFailure {
  readonly error: GatewayError
  readonly requestId: string
  /** `@slug` of the provider it came to, if it came to one. */
  readonly provider: string | undefined
}

/** Something that worked in the end, but not as it was set up. */
export interface Warning {
  readonly message: string
  readonly requestId: string
  /** `@slug`. */
  readonly provider: string
  /** The id under which the provider knows the model. */
  readonly model: string
}

/** Milliseconds. */
export interface GatewayTimeouts extends UpstreamTimeouts {
  /** Silence towards the client after which the gateway sends a `ping` of its own. */
  readonly pingMs: number
  /** Until the first content of an attempt that others could take over from. */
  readonly firstEventMs: number
}

export interface RequestLimits {
  /** Of one request body, as sent and after decompression. */
  readonly bodyBytesMax: number
}

/** Dialect, identity and way of one provider kind. */
export interface ProviderParts {
  readonly adapter: Adapter
  readonly signer: Signer
  readonly transport: Transport
}

/** Finds the holder of a key. In memory, so that a revoked key stops with the next request. */
export interface Keys {
  find(secret: string): KeyLookup
  /** Whether a string has the shape of one of our keys; decides which of two credentials is meant for us. */
  isOurs(secret: string): boolean
  /** Calls back after each change of what is known of keys; until the returned function is called. */
  onChange(listener: () => void): () => void
}

/** Every state in which a key can be; a caller that is not `active` is told which. */
export type KeyLookup =
  | { readonly state: 'active'; readonly caller: Caller }
  /** An administrator's key: it may use the admin API, but calls no model. */
  | { readonly state: 'administrative' }
  | { readonly state: 'revoked' }
  /** The person whose key it is has been suspended. */
  | { readonly state: 'suspended' }
  | { readonly state: 'expired'; readonly at: number }
  | { readonly state: 'unknown' }

/** The providers of a workspace. Those of other workspaces do not exist here. */
export interface Catalogue {
  /** Also one that has expired. */
  provider(workspaceId: string, slug: string): Upstream | undefined
  /** Those that have not expired. */
  providers(workspaceId: string): readonly Upstream[]
}

/** Routing documents: saved ones, and those that come with a request. */
export interface Configs {
  /** A saved config of this workspace, by `pc-…` or id. */
  find(workspaceId: string, reference: string): RoutingConfig | undefined
  /** Reads the JSON of a request's own config. Throws `config.invalid` with every problem and its path. */
  read(json: string): RoutingConfig
}

/** Prices one call; see core/pricing.ts. */
export interface Prices {
  price(usage: ReportedUsage, call: PricedCall): PriceTag
}

export interface PricedCall {
  readonly providerKind: string
  readonly scope: string
  readonly model: string
  /** Milliseconds since the epoch: decides which price version applies. */
  readonly at: number
}

export interface PriceTag {
  readonly costNanos: Nanos
  readonly priceVersion: string
  /** `unknown_model`: priced at the dearest tier of the table, to be looked at. */
  readonly priceFlag: 'listed' | 'unknown_model' | 'free'
}

import type { GatewayError } from '../core/errors.ts'
import type { HeaderLines } from '../core/headers.ts'
import type { Id } from '../core/ids.ts'

/*
 * A provider is three things that change for different reasons: its dialect (adapter), its proof of identity (signer)
 * and the way to it (transport).
 */

/** The kinds of provider that exist; Portkey's names where it has them. */
export type ProviderKind = 'anthropic' | 'scripted'

/** A configured account at a provider, as the data plane sees it. */
export interface Upstream {
  readonly providerId: Id<'provider'>
  /** Without the `@`. */
  readonly slug: string
  readonly kind: ProviderKind
  readonly integrationId: Id<'integration'>
  /** Scheme, host and port, such as `https://api.anthropic.com`. */
  readonly origin: string
  /** The path before `/messages`, such as `/v1`; no slash at the end. */
  readonly basePath: string
  /** An administrator listed this host, so it may resolve to a private address. */
  readonly trustedHost: boolean
  /** How the credential travels: Anthropic's own header, or as a bearer for hosts that take nothing else. */
  readonly authScheme: 'x-api-key' | 'bearer'
  /** Which rows of the price table apply. */
  readonly priceScope: string
  /** Unseals the credential; undefined for a provider that needs none. Throws `credential.unavailable`. */
  credential(): string | undefined
  /** Whether this provider may be asked for a model, by the name that would go upstream. */
  allows(model: string): boolean
  /** The models an administrator enabled by name, for listings and for the text of a refusal. Empty when all are allowed. */
  readonly models: readonly string[]
}

/** One call in the client's own terms. */
export interface ModelCall {
  readonly endpoint: 'messages' | 'count_tokens'
  readonly query: string
  readonly model: string
  /** The client's headers as they arrived. */
  readonly headers: HeaderLines
  /** The bytes for upstream, `@slug/` already cut from the model. */
  readonly body: Buffer
  /** `gzip` and the like when `body` is still compressed as the client sent it. */
  readonly contentEncoding: string | undefined
}

/** A request that is ready for the wire, less what a signer adds. */
export interface WireRequest {
  readonly method: 'POST' | 'GET'
  readonly origin: string
  /** With the query. */
  readonly path: string
  readonly headers: HeaderLines
  readonly body: Buffer
}

/** One provider's dialect. Pure: no clock, network or store, so that fixtures can test all of it. */
export interface Adapter {
  readonly kind: ProviderKind
  encode(call: ModelCall, upstream: Upstream): WireRequest
}

/** Proves who we are. May be slow (a token exchange), so it may return a promise. */
export interface Signer {
  sign(request: WireRequest, upstream: Upstream): WireRequest | Promise<WireRequest>
}

/** Milliseconds; each ends the call with `upstream.timeout`. */
export interface UpstreamTimeouts {
  readonly connectMs: number
  readonly firstByteMs: number
  /** Between two chunks of the answer. */
  readonly idleMs: number
}

/** The valve on an upstream answer; see `Flow` in gateway/exchange.ts, which it satisfies. */
export interface UpstreamFlow {
  pause(): void
  resume(): void
  abort(): void
}

/** What a transport calls: `head`, any number of `chunk`, then exactly one of `end` and `fail`. */
export interface UpstreamHandler {
  /** The request was handed to a connection: from here on the provider may be working, and billing. */
  sent(flow: UpstreamFlow): void
  head(status: number, headers: HeaderLines): void
  chunk(bytes: Buffer): void
  end(): void
  /** `upstream.*` errors; after `abort()` nothing more is called. */
  fail(error: GatewayError): void
}

/** The way to a provider. The only implementations that open connections live in transport.ts. */
export interface Transport {
  send(request: WireRequest, upstream: Upstream, timeouts: UpstreamTimeouts, handler: UpstreamHandler): void
  close(): Promise<void>
}

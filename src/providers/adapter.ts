import type { GatewayError } from '../core/errors.ts'
import type { HeaderLines } from '../core/headers.ts'
import type { Id } from '../core/ids.ts'
import type { TopLevel } from '../core/json.ts'

/*
 * A provider is three things that change for different reasons: its dialect (adapter), its proof of identity (signer)
 * and the way to it (transport).
 */

/** The kinds of provider that exist, by Portkey's names where it has them. `azure-ai` is Microsoft Foundry. */
export const PROVIDER_KINDS = [
  'anthropic',
  'bedrock',
  'vertex-ai',
  'azure-ai',
  'claude-platform-aws',
  'scripted',
] as const
export type ProviderKind = (typeof PROVIDER_KINDS)[number]

/**
 * What decides which parts of a request a target takes: the surface that is spoken to, not who runs it. A kind may offer several, and the
 * account's settings choose; addresses.ts says how.
 */
export const PLATFORMS = [
  /** Anthropic's own API, and whatever passes it through whole. */
  'anthropic',
  /** Amazon Bedrock, InvokeModel and its event stream. */
  'bedrock-invoke',
  /** The Messages endpoint of bedrock-runtime. */
  'bedrock-messages',
  /** The Messages endpoint of Bedrock Mantle. */
  'bedrock-mantle',
  /** Claude Platform on AWS: the first-party API behind AWS identity. */
  'claude-platform-aws',
  /** Google's own deployment: rawPredict and streamRawPredict. */
  'vertex',
  /** Anthropic's deployment on Google Cloud: the first-party API behind Google identity. */
  'vertex-anthropic',
  /** Microsoft Foundry, deployments that Anthropic hosts. */
  'foundry',
  /** Microsoft Foundry, deployments hosted on Azure. */
  'foundry-azure',
  /** A host that speaks the Messages API in its plainest form, with models of its own. */
  'compatible',
] as const
export type Platform = (typeof PLATFORMS)[number]

/**
 * The settings of an account that are no secret, by their names in the admin API (Portkey's, where it has one). Checked when they were saved.
 */
export interface ProviderSettings {
  /** With the version path, such as `https://api.anthropic.com/v1`; for Bedrock and Vertex it stands in for scheme and host. */
  readonly custom_host?: string | undefined
  /** How the credential travels to an Anthropic-compatible host. */
  readonly auth_scheme?: 'x-api-key' | 'bearer' | undefined
  /** `compatible` for a host that has the Messages API but not Claude's features; only for the kind `anthropic`. */
  readonly compatibility?: 'anthropic' | 'compatible' | undefined
  /** Which names clients use, and the id under which this account knows the model: a deployment, a profile, an ARN. */
  readonly model_map?: Readonly<Record<string, string>> | undefined
  /** What a count of tokens is answered with where the platform has none: its documented error, or an estimate. */
  readonly count_tokens?: 'native' | 'estimate' | undefined

  /** `accessKey`, `assumedRole`, `default` (the chain of the AWS libraries, with IRSA), or `apiKey` (a bearer key of Bedrock). */
  readonly aws_auth_type?: 'accessKey' | 'assumedRole' | 'default' | 'apiKey' | undefined
  readonly aws_region?: string | undefined
  readonly aws_access_key_id?: string | undefined
  readonly aws_role_arn?: string | undefined
  readonly aws_external_id?: string | undefined
  /** Which of Bedrock's surfaces is spoken: `invoke` (as usual), `messages` or `mantle`. */
  readonly bedrock_surface?: 'invoke' | 'messages' | 'mantle' | undefined
  /** The prefix of inference profiles: `global`, `us`, `eu`, …; without, the one of the region. */
  readonly bedrock_profile?: string | undefined
  readonly aws_guardrail_identifier?: string | undefined
  readonly aws_guardrail_version?: string | undefined
  /** The workspace of Claude Platform on AWS, or of Anthropic's deployment on Google Cloud. */
  readonly anthropic_workspace_id?: string | undefined

  /** `serviceAccount` (a key file), `metadata` (the machine's own identity), or `federated` (workload identity federation). */
  readonly vertex_auth_type?: 'serviceAccount' | 'metadata' | 'federated' | undefined
  readonly vertex_project_id?: string | undefined
  /** A region, `us`, `eu` or `global`. */
  readonly vertex_region?: string | undefined
  /** Who runs the models: Google (as usual) or Anthropic. */
  readonly vertex_surface?: 'google' | 'anthropic' | undefined
  readonly vertex_quota_project?: string | undefined

  /** `apiKey` or `entra` (an application of Entra ID). */
  readonly azure_auth_mode?: 'apiKey' | 'entra' | undefined
  /** `https://{resource}.services.ai.azure.com/anthropic`, with or without the tail. */
  readonly azure_foundry_url?: string | undefined
  /** Where the deployments run; `azure` offers less. */
  readonly azure_hosting?: 'anthropic' | 'azure' | undefined
  /** Billed as a US data zone. */
  readonly azure_data_zone?: 'global' | 'us' | undefined
  readonly azure_entra_tenant_id?: string | undefined
  readonly azure_entra_client_id?: string | undefined
  readonly azure_entra_scope?: string | undefined
}

/**
 * The secrets of an account, by their names in the admin API. `key` is the one that nearly every kind has: an API key, or the secret access key
 * of AWS.
 */
export interface Credential {
  readonly key?: string | undefined
  readonly aws_session_token?: string | undefined
  /** The key file of a service account, or the file of a workload identity federation, as JSON text. */
  readonly vertex_service_account_json?: string | undefined
  readonly azure_entra_client_secret?: string | undefined
}

/** A configured account at a provider, as the data plane sees it. */
export interface Upstream {
  readonly providerId: Id<'provider'>
  /** Without the `@`. */
  readonly slug: string
  readonly kind: ProviderKind
  readonly platform: Platform
  readonly integrationId: Id<'integration'>
  /** Scheme, host and port, such as `https://api.anthropic.com`. */
  readonly origin: string
  /** The path before `/messages` or `/model`, such as `/v1`; no slash at the end. */
  readonly basePath: string
  /** An administrator listed this host, so it may resolve to a private address. */
  readonly trustedHost: boolean
  readonly settings: ProviderSettings
  /** Unseals the secrets; undefined for a provider that needs none. Throws `credential.unavailable`. The same object every time. */
  credential(): Credential | undefined
  /** Whether this provider may be asked for a model, by the name that the client uses or by the one that would go upstream. */
  allows(model: string): boolean
  /** The models an administrator enabled by name, for listings and for the text of a refusal. Empty when all are allowed. */
  readonly models: readonly string[]
  /** Milliseconds since the epoch; from then on it serves nobody. */
  readonly expiresAt?: number
}

/** A body, and where its top-level members lie. Edits make new bytes; these never change. */
export interface CallBody {
  /** Plain JSON. */
  readonly bytes: Buffer
  readonly members: TopLevel
  /** The same body as the client compressed it; undefined when it came plain, or was edited since. */
  readonly compressed: { readonly bytes: Buffer; readonly coding: string } | undefined
}

/** One call in the client's own terms. */
export interface ModelCall {
  readonly endpoint: 'messages' | 'count_tokens'
  readonly query: string
  /** The client's name for the model, without `@slug/`; the body may still have another one. */
  readonly model: string
  /** The id under which the provider knows it. */
  readonly wireModel: string
  readonly streaming: boolean
  /** The client's headers as they arrived, with those that a config adds. */
  readonly headers: HeaderLines
  readonly body: CallBody
  readonly repairs: Repairs
}

/** What earlier tries have taught about a call: the next one leaves out what its target does not take. */
export interface Repairs {
  /** Names of betas that this target has refused. */
  readonly betasRefused: ReadonlySet<string>
  /** It refused a beta without naming it: send only those whose fields are in the body. */
  readonly fewestBetas: boolean
  /** Thinking in the first so many messages was signed elsewhere, and the target does not take it; `Infinity` for all messages. */
  readonly foreignThinking: number
  /** It takes no attribution line in front of the system prompt. */
  readonly withoutAttribution: boolean
  /** It takes no `ttl` in `cache_control`. */
  readonly withoutCacheTtl: boolean
}

export const NO_REPAIRS: Repairs = {
  betasRefused: new Set(),
  fewestBetas: false,
  foreignThinking: 0,
  withoutAttribution: false,
  withoutCacheTtl: false,
}

/** One thing that was changed on the way to a target, for the record: `dropped context_management`. */
export interface Change {
  readonly action: 'added' | 'clamped' | 'dropped' | 'folded' | 'lowered' | 'moved' | 'renamed'
  /** The field or beta, such as `context_management`, `messages[].output_config`, `beta advanced-tool-use-2025-11-20`. */
  readonly what: string
}

/** A request that is ready for the wire, less what a signer adds. */
export interface WireRequest {
  readonly method: 'POST' | 'GET'
  readonly origin: string
  /** With the query. */
  readonly path: string
  readonly headers: HeaderLines
  /** In pieces that follow each other; see core/pieces.ts. */
  readonly body: readonly Buffer[]
}

export interface EncodedCall {
  readonly request: WireRequest
  readonly changes: readonly Change[]
}

/** The id of a model at a provider, and what that says about its price. */
export interface WireModel {
  readonly id: string
  /** `regional` and `global` as the id or the account says; `reported` where only the answer tells. */
  readonly priceScope: 'global' | 'regional' | 'reported'
}

/** One provider's dialect. Pure: no clock, network or store, so that fixtures can test all of it. */
export interface Adapter {
  /** How this account spells a model: by its own `model_map`, else by the table of its platform. */
  wireModel(model: string, upstream: Upstream): WireModel
  /**
   * Throws `target.incapable` when the platform cannot serve this request: it is then skipped, not tried; other `GatewayError`s when the call
   * makes no sense there.
   */
  encode(call: ModelCall, upstream: Upstream): EncodedCall
  /**
   * Stands between the transport and whoever listens, where a provider does not answer in the Messages dialect: what it pushes on is an answer
   * as Anthropic would give it (SSE, the error envelope, `request-id`). Absent where the bytes are right as they come.
   */
  listen?(call: ModelCall, upstream: Upstream, handler: UpstreamHandler): UpstreamHandler
  /** Answers a call without the provider, where it has no such thing (a count of tokens): the whole answer, or undefined to ask it. */
  answerItself?(call: ModelCall, upstream: Upstream): OwnAnswer | undefined
}

/** An answer that costs no call. */
export interface OwnAnswer {
  readonly status: number
  readonly headers: HeaderLines
  readonly body: Buffer
}

/** Proves who we are. May be slow (a token exchange), so it may return a promise; one that fails throws a GatewayError. */
export interface Signer {
  sign(request: WireRequest, upstream: Upstream, signal: AbortSignal): WireRequest | Promise<WireRequest>
  /**
   * The provider refused the proof: forget what was kept for this account (a token, a role's keys). True when the next proof can be another
   * one, so that one more try makes sense. `answer` has the provider's words, such as its clock in `date`.
   */
  forget?(upstream: Upstream, answer: { readonly status: number; readonly headers: HeaderLines }): boolean
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

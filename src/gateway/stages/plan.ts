import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import type { Upstream } from '../../providers/adapter.ts'
import type { Caller, Planned, Received } from '../exchange.ts'
import { modelToTry } from '../models.ts'
import { NO_CONFIG, NO_SETTINGS } from '../../routing/routing-config.ts'
import type { Catalogue, GatewayParts } from '../parts.ts'
import type { Stage } from '../stage.ts'
import { readLabels } from './labels.ts'

type PlanParts = Pick<GatewayParts, 'catalogue' | 'providers'>

/** Decides where an exchange goes: which provider of the caller's workspace, and which model there. */
export function plan({ catalogue, providers }: PlanParts): Stage<Received, Planned> {
  return (next) =>
    function plan(exchange, reply) {
      refuseWhatIsNotServed(exchange.headers)
      const asked = askedModel(exchange)
      const { slug, model } = chooseProvider(exchange, asked)
      const upstream = findProvider(catalogue, exchange.caller, slug)
      if (!upstream.allows(model)) throw notAllowed(upstream, model, exchange.caller)
      const labels = readLabels(exchange)
      const wire = providers[upstream.kind].adapter.wireModel(model, upstream)
      const route = { kind: 'target', upstream, model, wire, path: 'config', settings: NO_SETTINGS } as const
      const planned = { route, config: NO_CONFIG, cache: undefined, ...labels }
      exchange.trail.note({ plan: planned })
      return next({ ...exchange, plan: planned }, reply)
    }
}

/**
 * Headers of Portkey's that change where a request goes or what it does. Passing over one that the gateway does not serve would do something
 * else than the caller asked for, without a word.
 */
function refuseWhatIsNotServed(headers: HeaderLines): void {
  if (header(headers, 'x-portkey-config') !== undefined) {
    throw new GatewayError(
      'config.invalid',
      'x-portkey-config: this version of the gateway does not serve Configs yet. Name a provider with x-portkey-provider: @slug instead.',
    )
  }
  if (header(headers, 'x-portkey-custom-host') !== undefined) {
    throw new GatewayError(
      'config.invalid',
      'x-portkey-custom-host: a request cannot choose the host that stored credentials are sent to. An administrator sets custom_host on the integration.',
    )
  }
}

function askedModel({ body, modelAsked }: Received): string {
  if (modelAsked === undefined && body.members.find('model') === undefined) {
    throw new GatewayError('model.missing', 'model: Field required')
  }
  if (modelAsked === undefined || modelAsked === '') {
    throw new GatewayError('model.missing', 'model: Input should be a valid string that names a model')
  }
  if (modelAsked.length > 256) throw new GatewayError('model.missing', 'model: Names have at most 256 characters')
  return modelAsked
}

/** `@slug/model`, but not `@cf/…` and `@hf/…`: those begin real model names. */
const SLUG_PREFIX = /^@(?!cf\/|hf\/)([^/]+)\/(.+)$/s

/** Portkey's order of precedence: provider header, virtual key header, prefix of the model, query, then the defaults. */
function chooseProvider(exchange: Received, asked: string): { slug: string; model: string } {
  const prefix = SLUG_PREFIX.exec(asked)
  const model = prefix === null ? asked : prefix[2]!
  const named = namedInHeader(exchange.headers) ?? prefix?.[1] ?? namedInQuery(exchange.query)
  const slug = named ?? exchange.caller.defaultProvider
  if (slug === undefined) {
    throw new GatewayError(
      'provider.missing',
      'No provider named, and this key has no default. Add the header x-portkey-provider: @slug, or write the model as @slug/model.',
    )
  }
  return { slug: withoutAt(slug), model }
}

function namedInHeader(headers: HeaderLines): string | undefined {
  const provider = header(headers, 'x-portkey-provider')?.trim()
  if (provider !== undefined && provider !== '') {
    // `@slug/model` is tolerated here as in Portkey; the model in the body stands.
    if (provider.startsWith('@')) return provider.split('/', 1)[0]
    throw new GatewayError(
      'provider.unknown',
      `x-portkey-provider: ${provider.slice(0, 80)} has no @. Name a provider of your workspace as @slug.`,
    )
  }
  return header(headers, 'x-portkey-virtual-key')?.trim() || undefined
}

function namedInQuery(query: string): string | undefined {
  if (!query.includes('model=')) return undefined
  const model = new URLSearchParams(query).get('model')
  return model === null ? undefined : SLUG_PREFIX.exec(model)?.[1]
}

function withoutAt(slug: string): string {
  return slug.startsWith('@') ? slug.slice(1) : slug
}

function findProvider(catalogue: Catalogue, caller: Caller, slug: string): Upstream {
  const upstream = catalogue.provider(caller.workspaceId, slug)
  if (upstream !== undefined) return upstream
  const known = catalogue.providers(caller.workspaceId).map((each) => `@${each.slug}`)
  throw new GatewayError(
    'provider.unknown',
    `Unknown provider @${slug.slice(0, 80)} in workspace ${caller.workspaceSlug}. ${
      known.length === 0 ? 'It has no providers yet: ask an administrator.' : `Known here: ${known.join(', ')}.`
    }`,
  )
}

function notAllowed(upstream: Upstream, model: string, caller: Caller): GatewayError {
  const { slug, models } = upstream
  // The list may hold patterns, which /model does not take.
  const example = modelToTry(upstream, caller) ?? 'with one of them'
  return new GatewayError(
    'model.not_allowed',
    `Model ${model} is not allowed for workspace ${caller.workspaceSlug} at @${slug}. ${
      models.length === 0
        ? 'No model is enabled there yet: ask an administrator.'
        : `Allowed: ${models.join(', ')}. Run /model ${example}`
    }`,
  )
}

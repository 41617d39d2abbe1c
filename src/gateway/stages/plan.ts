import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import { NO_CONFIG, type RoutingConfig, type RoutingNode } from '../../routing/routing-config.ts'
import type { Kept, Planned, Received, Route, Target } from '../exchange.ts'
import type { GatewayParts } from '../parts.ts'
import { resolveRoute, splitModel } from '../resolve-route.ts'
import type { Stage } from '../stage.ts'
import { readHeaderSettings } from './header-settings.ts'
import { readLabels } from './labels.ts'

type PlanParts = Pick<GatewayParts, 'catalogue' | 'configs' | 'providers'>

/** Decides where an exchange goes: which config it follows, and which providers and models that comes to for this request. */
export function plan(parts: PlanParts): Stage<Kept, Planned> {
  return (next) =>
    function plan(exchange, reply) {
      refuseCustomHost(exchange.headers)
      const asked = splitModel(askedModel(exchange))
      const named = namedProvider(exchange, asked.slug)
      const config = chooseConfig(exchange, named, parts)
      const labels = readLabels(exchange)
      const provider = withoutAt(named ?? exchange.caller.defaultProvider)
      const headerSettings = readHeaderSettings(exchange.headers)
      const { metadata } = labels
      const route = resolveRoute({ exchange, config, metadata, provider, model: asked.model, headerSettings }, parts)
      if (route.kind === 'dead end') throw route.error
      const planned = { route, config, cache: firstTarget(route)?.settings.cache, ...labels }
      exchange.trail.note({ plan: planned })
      return next({ ...exchange, plan: planned }, reply)
    }
}

/** Passing over it would send the request somewhere else than it says, without a word. */
function refuseCustomHost(headers: HeaderLines): void {
  if (header(headers, 'x-portkey-custom-host') === undefined) return
  throw new GatewayError(
    'config.invalid',
    'x-portkey-custom-host: a request cannot choose the host that stored credentials are sent to. An administrator sets custom_host on the integration.',
  )
}

const MODEL_CHARACTERS_MAX = 256

/** Undefined when the request leaves the model to its config. */
function askedModel({ body, modelAsked }: Received): string | undefined {
  const member = body.members.find('model')
  if (modelAsked === '' || (modelAsked === undefined && member !== undefined)) {
    throw new GatewayError('model.missing', 'model: Input should be a valid string that names a model')
  }
  if (modelAsked !== undefined && modelAsked.length > MODEL_CHARACTERS_MAX) {
    throw new GatewayError('model.missing', `model: Names have at most ${MODEL_CHARACTERS_MAX} characters`)
  }
  return modelAsked
}

/** Portkey's order of precedence: provider header, virtual key header, prefix of the model, query. */
function namedProvider({ headers, query }: Received, prefix: string | undefined): string | undefined {
  return namedInHeader(headers) ?? prefix ?? namedInQuery(query)
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
  return splitModel(new URLSearchParams(query).get('model') ?? undefined).slug
}

function withoutAt(slug: string | undefined): string | undefined {
  return slug?.startsWith('@') === true ? slug.slice(1) : slug
}

/** A request's own config takes the place of the default one; they are never merged. */
function chooseConfig(exchange: Received, named: string | undefined, { configs }: PlanParts): RoutingConfig {
  const { caller, headers } = exchange
  const written = header(headers, 'x-portkey-config')?.trim()
  if (written !== undefined && written !== '') {
    if (!caller.mayOverrideConfig) {
      throw new GatewayError(
        'config.locked',
        'x-portkey-config: this key always follows its own config. Leave the header out, or ask an administrator for a key that may choose.',
      )
    }
    if (written.startsWith('{')) return configs.read(written)
    const saved = configs.find(caller.workspaceId, written)
    if (saved !== undefined) return saved
    throw new GatewayError(
      'config.unknown',
      `x-portkey-config: workspace ${caller.workspaceSlug} has no config ${written.slice(0, 80)}.`,
    )
  }
  const usual = caller.defaultConfig
  if (usual === undefined) return NO_CONFIG
  // Whoever names a provider means that one, unless the key leaves no choice.
  const isPassedOver = named !== undefined && caller.mayOverrideConfig && namesProvider(usual.root)
  return isPassedOver ? NO_CONFIG : usual
}

function namesProvider(node: RoutingNode): boolean {
  if (node.kind !== 'target') return node.children.some(namesProvider)
  const model = node.settings.params.overrides['model']
  return node.provider !== undefined || (typeof model === 'string' && splitModel(model).slug !== undefined)
}

function firstTarget(route: Route): Target | undefined {
  switch (route.kind) {
    case 'target':
      return route
    case 'choice':
      for (const option of route.options) {
        const target = firstTarget(option)
        if (target !== undefined) return target
      }
      return undefined
    case 'dead end':
      return undefined
  }
}

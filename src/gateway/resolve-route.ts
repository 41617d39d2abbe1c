import { isObject } from '../core/is-object.ts'
import { GatewayError } from '../core/errors.ts'
import { header } from '../core/headers.ts'
import { parseMember } from '../core/json.ts'
import { type OtherModel, readOtherModels } from '../limits/other-models.ts'
import type { CallBody, Upstream } from '../providers/adapter.ts'
import { chooseOrder } from '../routing/choose.ts'
import { type RequestFacts, holds } from '../routing/conditions.ts'
import { applyParams } from '../routing/params.ts'
import type {
  ConditionalNode,
  FallbackNode,
  LoadbalanceNode,
  ParamEdits,
  RoutingConfig,
  RoutingNode,
  TargetNode,
  TargetSettings,
} from '../routing/routing-config.ts'
import type { Caller, Choice, DeadEnd, Received, Route, Target } from './exchange.ts'
import { modelToTry } from './models.ts'
import type { GatewayParts } from './parts.ts'

export interface RouteQuestion {
  readonly exchange: Received
  readonly config: RoutingConfig
  /** Tags of the request. */
  readonly metadata: Readonly<Record<string, string>>
  /** Slug for targets that name no provider: the request's own, else the caller's default. */
  readonly provider: string | undefined
  /** The model as the client asked for it, without `@slug/`; undefined when it named none. */
  readonly model: string | undefined
  /** What the request's headers say of a target, in place of the config. */
  readonly headerSettings: Partial<TargetSettings>
}

type ResolveParts = Pick<GatewayParts, 'catalogue' | 'providers'>

/** For how long a conversation stays with the option that served it last: as long as the longest prompt cache lasts. */
const AFFINITY_MS = 3_600_000

/** A config as it applies to one request: conditions decided, shares drawn, providers found, models allowed. */
export function resolveRoute(question: RouteQuestion, parts: ResolveParts): Route {
  return resolve(question.config.root)

  function resolve(node: RoutingNode): Route {
    switch (node.kind) {
      case 'target':
        return resolveTarget(node)
      case 'fallback':
        return choice(node, node.children.map(resolve), affinityKey(node), AFFINITY_MS)
      case 'loadbalance':
        return share(node)
      case 'conditional':
        return resolve(chosenChild(node))
    }
  }

  function choice(
    node: FallbackNode | LoadbalanceNode,
    options: readonly Route[],
    key: string | undefined,
    affinityMs: number,
  ): Choice {
    return { kind: 'choice', path: node.path, options, onStatusCodes: node.onStatusCodes, affinityKey: key, affinityMs }
  }

  function share(node: LoadbalanceNode): Route {
    const { exchange, config } = question
    const sticky = node.sticky === undefined ? undefined : stickyKey(node, node.sticky.hashFields)
    const session = exchange.sessionId === undefined ? undefined : `${exchange.caller.keyId}\n${exchange.sessionId}`
    const order = chooseOrder(node, `${config.id ?? ''}\n${node.path}\n${sticky ?? session ?? exchange.id}`)
    const options = order.map((index) => resolve(node.children[index]!))
    const key = sticky === undefined ? affinityKey(node) : `${config.fingerprint}\n${node.path}\n${sticky}`
    return choice(node, options, key, node.sticky === undefined ? AFFINITY_MS : node.sticky.ttlSeconds * 1_000)
  }

  /** The key, so that nobody moves other people's conversations, and the values of the fields that are to stay together. */
  function stickyKey({ path }: LoadbalanceNode, hashFields: readonly string[]): string {
    const { exchange, metadata } = question
    const values = hashFields.map((field) => {
      const [root = '', name = '', ...deeper] = field.split('.')
      const rest = [name, ...deeper].join('.')
      if (root === 'metadata') return metadata[rest] ?? null
      if (root === 'headers') return header(exchange.headers, rest.toLowerCase()) ?? null
      return root === 'params' ? (deeper.reduce<unknown>(inside, readParam(exchange, name)) ?? null) : null
    })
    return JSON.stringify([path, exchange.caller.keyId, values])
  }

  function affinityKey({ path }: RoutingNode): string | undefined {
    const { exchange, config } = question
    if (exchange.sessionId === undefined) return undefined
    return `${config.fingerprint}\n${path}\n${exchange.caller.keyId}\n${exchange.sessionId}`
  }

  function chosenChild({ conditions, children, otherwise }: ConditionalNode): RoutingNode {
    const { exchange, metadata } = question
    const facts: RequestFacts = {
      metadata,
      params: (name) => readParam(exchange, name),
      pathname: exchange.endpoint === 'messages' ? '/v1/messages' : '/v1/messages/count_tokens',
    }
    const found = conditions.find(({ query }) => holds(query, facts))
    return children[found?.then ?? otherwise]!
  }

  function resolveTarget(node: TargetNode): Target | DeadEnd {
    const { exchange, headerSettings } = question
    const settings = { ...node.settings, ...headerSettings }
    const { overrides, defaults } = settings.params
    const named = splitModel(textOf(overrides['model']) ?? question.model ?? textOf(defaults['model']))
    const slug = node.provider ?? named.slug ?? question.provider
    try {
      if (slug === undefined) throw noProvider()
      if (named.model === undefined) throw noModel(exchange)
      const upstream = atHost(findProvider(parts, exchange, slug), settings.customHost)
      const wire = parts.providers[upstream.kind].adapter.wireModel(named.model, upstream)
      if (!upstream.allows(named.model) && !upstream.allows(wire.id)) {
        throw notAllowed(upstream, named.model, exchange.caller, parts)
      }
      const others = othersAt(exchange.body, settings.params)
      const barred = others.find(({ model }) => !upstream.allows(model))
      if (barred !== undefined) throw notAllowed(upstream, barred.model, exchange.caller, parts)
      return { kind: 'target', upstream, model: named.model, wire, path: node.path, settings, others }
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      return { kind: 'dead end', path: node.path, error }
    }
  }
}

/** `@slug/model`, but not `@cf/…` and `@hf/…`: those begin real model names. */
const SLUG_PREFIX = /^@(?!cf\/|hf\/)([^/]+)\/(.+)$/s

/** A model's name as people write it, with or without a provider in front. */
export function splitModel(written: string | undefined): { slug: string | undefined; model: string | undefined } {
  const prefix = written === undefined ? null : SLUG_PREFIX.exec(written)
  return prefix === null ? { slug: undefined, model: written } : { slug: prefix[1], model: prefix[2] }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** What a condition or a share may look at. */
const PARAM_LIMITS = { bytesMax: 64 * 1024, depthMax: 32 }

/** A top-level member of the body; undefined when it is missing or too large to decide by. */
function readParam({ body, modelAsked }: Received, name: string): unknown {
  if (name === 'model') return splitModel(modelAsked).model
  const member = body.members.find(name)
  if (member === undefined) return undefined
  try {
    return parseMember(body.bytes, member, PARAM_LIMITS)
  } catch {
    return undefined
  }
}

function inside(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** Of the body as the target gets it: a config can come with the request. */
function othersAt({ bytes, members }: CallBody, params: ParamEdits): readonly OtherModel[] {
  const { overrides, defaults, drops } = params
  const touched = [...Object.keys(overrides), ...Object.keys(defaults), ...drops.map(([name]) => name)]
  const isEdited = touched.some((name) => name === 'fallbacks' || name === 'tools')
  const edited = isEdited ? applyParams(bytes, members, params) : undefined
  return edited === undefined ? readOtherModels(bytes, members) : readOtherModels(edited.bytes, edited.members)
}

/** A config may name another path at the provider's own host; its credential travels to no other one. */
function atHost(upstream: Upstream, customHost: string | undefined): Upstream {
  if (customHost === undefined) return upstream
  if (URL.canParse(customHost)) {
    const { origin, pathname } = new URL(customHost)
    if (origin === upstream.origin) return { ...upstream, basePath: pathname.replace(/\/+$/, '') }
  }
  throw new GatewayError(
    'config.invalid',
    `custom_host: the credential of @${upstream.slug} may not travel to another host than its own. An administrator sets custom_host on the integration.`,
  )
}

function noProvider(): GatewayError {
  return new GatewayError(
    'provider.missing',
    'No provider named, and neither this key nor its workspace has a default. Ask whoever runs the gateway for one; or add the header x-portkey-provider: @slug, or write the model as @slug/model.',
  )
}

function noModel({ body }: Received): GatewayError {
  return new GatewayError(
    'model.missing',
    body.members.find('model') === undefined
      ? 'model: Field required'
      : 'model: Input should be a valid string that names a model',
  )
}

function findProvider({ catalogue }: ResolveParts, { caller, receivedAt }: Received, slug: string): Upstream {
  const upstream = catalogue.provider(caller.workspaceId, slug)
  if (upstream?.expiresAt !== undefined && upstream.expiresAt <= receivedAt) {
    throw new GatewayError(
      'provider.unknown',
      `Provider @${slug} in workspace ${caller.workspaceSlug} expired on ${new Date(upstream.expiresAt).toISOString()}. Name another one, or ask an administrator.`,
    )
  }
  if (upstream !== undefined) return upstream
  const known = catalogue.providers(caller.workspaceId).map((each) => `@${each.slug}`)
  throw new GatewayError(
    'provider.unknown',
    `Unknown provider @${slug.slice(0, 80)} in workspace ${caller.workspaceSlug}. ${
      known.length === 0 ? 'It has no providers yet: ask an administrator.' : `Known here: ${known.join(', ')}.`
    }`,
  )
}

function notAllowed(upstream: Upstream, model: string, caller: Caller, parts: ResolveParts): GatewayError {
  const { slug, models } = upstream
  // The list may hold patterns, which /model does not take.
  const example = modelToTry(upstream, caller, parts) ?? 'with one of them'
  return new GatewayError(
    'model.not_allowed',
    `Model ${model} is not allowed for workspace ${caller.workspaceSlug} at @${slug}. ${
      models.length === 0
        ? 'No model is enabled there yet: ask an administrator.'
        : `Allowed: ${models.join(', ')}. Run /model ${example}`
    }`,
  )
}

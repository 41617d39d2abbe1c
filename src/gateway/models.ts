import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../core/errors.ts'
import { CLAUDE_MODELS } from '../providers/claude-models.ts'
import { SANDBOX_MODELS } from '../providers/scripted/models.ts'
import type { Upstream } from '../providers/adapter.ts'
import { speaksAnthropic } from './describe-client.ts'
import type { Caller } from './exchange.ts'
import type { GatewayParts } from './parts.ts'
import { findCaller } from './stages/authenticate.ts'

/** One model that a caller may use, at one provider. */
interface Offer {
  readonly upstream: Upstream
  readonly id: string
  readonly name: string
  readonly description: string | undefined
  readonly contextTokens: number | undefined
  readonly outputTokens: number | undefined
}

/**
 * `GET /v1/models`: what this key may use. Anthropic's clients get Anthropic's shape, so that the models appear in Claude Code's picker;
 * Portkey's clients get the catalogue with `@slug/model` ids.
 */
export function answerModels(
  parts: Pick<GatewayParts, 'keys' | 'catalogue' | 'providers'>,
  request: IncomingMessage,
  url: string,
): object {
  const caller = findCaller(parts.keys, request.rawHeaders)
  const offers = parts.catalogue.providers(caller.workspaceId).flatMap((upstream) => offersOf(upstream, parts))
  const query = new URL(url, 'http://gateway').searchParams
  return speaksAnthropic(request.rawHeaders) ? anthropicPage(offers, caller, query) : portkeyCatalogue(offers, query)
}

/** A model that the caller may use at this provider, as `/model` takes it: one that is enabled by name, if there is one. */
export function modelToTry(
  upstream: Upstream,
  caller: Caller,
  parts: Pick<GatewayParts, 'providers'>,
): string | undefined {
  const offers = offersOf(upstream, parts)
  const offer = offers.find(({ id }) => upstream.models.includes(id)) ?? offers[0]
  return offer && nameFor(offer, caller)
}

function offersOf(upstream: Upstream, { providers }: Pick<GatewayParts, 'providers'>): Offer[] {
  const { adapter } = providers[upstream.kind]
  const wireId = (model: string) => adapter.wireModel(model, upstream).id
  const byName = new Map(knownModels(upstream).map((model) => [model.id, model]))
  for (const id of Object.keys(upstream.settings.model_map ?? {})) if (!byName.has(id)) byName.set(id, unknownModel(id))
  // Names that an administrator enabled but we do not know are offered as they stand; a pattern only filters, and an id of the provider's own
  // stands behind the name under which clients know it.
  const wireIds = new Set([...byName.keys()].map(wireId))
  for (const id of upstream.models) {
    if (!id.includes('*') && !wireIds.has(id) && !byName.has(id)) byName.set(id, unknownModel(id))
  }
  return [...byName.values()]
    .filter(({ id }) => upstream.allows(id) || upstream.allows(wireId(id)))
    .map((model) => ({ ...model, upstream }))
}

/** Claude's models, where the host is one of those that have them. */
function knownModels({ kind, platform }: Upstream): Omit<Offer, 'upstream'>[] {
  if (platform === 'compatible') return []
  const claude = CLAUDE_MODELS.map((model) => ({ ...model, description: undefined }))
  if (kind !== 'scripted') return claude
  const sandbox = SANDBOX_MODELS.map(({ id, display_name, description }) => ({
    ...unknownModel(id),
    name: display_name,
    description,
  }))
  return [...claude, ...sandbox]
}

function unknownModel(id: string): Omit<Offer, 'upstream'> {
  return { id, name: id, description: undefined, contextTokens: undefined, outputTokens: undefined }
}

/** The plain name at the caller's default provider, `@slug/model` at the others. */
function nameFor(offer: Offer, caller: Caller): string {
  const isDefault = caller.defaultProvider?.replace(/^@/, '') === offer.upstream.slug
  return isDefault ? offer.id : `@${offer.upstream.slug}/${offer.id}`
}

const PAGE_MODELS_MAX = 1000
const PAGE_MODELS_USUAL = 20

function anthropicPage(offers: readonly Offer[], caller: Caller, query: URLSearchParams): object {
  const all = offers.map((offer) => ({
    type: 'model',
    id: nameFor(offer, caller),
    display_name: offer.name,
    ...(offer.description !== undefined && { description: offer.description }),
    created_at: '1970-01-01T00:00:00Z', // Anthropic's own placeholder where a date is not known.
    ...(offer.contextTokens !== undefined && { max_input_tokens: offer.contextTokens }),
    ...(offer.outputTokens !== undefined && { max_tokens: offer.outputTokens }),
  }))
  const limit = readCount(query, 'limit', PAGE_MODELS_USUAL, PAGE_MODELS_MAX)
  const after = query.get('after_id')
  const before = query.get('before_id')
  const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1
  const end =
    before === null
      ? all.length
      : Math.max(
          0,
          all.findIndex(({ id }) => id === before),
        )
  const page = before === null ? all.slice(start, start + limit) : all.slice(Math.max(start, end - limit), end)
  return {
    data: page,
    has_more: before === null ? start + limit < all.length : end - limit > 0,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  }
}

function portkeyCatalogue(offers: readonly Offer[], query: URLSearchParams): object {
  const kind = query.get('ai_service') ?? query.get('provider')
  const all = offers
    .filter(({ upstream }) => kind === null || upstream.kind === kind)
    .map(({ id, upstream }) => ({
      id: `@${upstream.slug}/${id}`,
      slug: id,
      canonical_slug: id,
      object: 'model',
      provider: upstream.kind,
      ai_service: upstream.kind,
    }))
  const sort = query.get('sort')
  if (sort === 'name') all.sort((one, other) => one.slug.localeCompare(other.slug))
  if (sort === 'provider' || sort === 'ai_service') all.sort((one, other) => one.provider.localeCompare(other.provider))
  if (query.get('order') === 'desc') all.reverse()
  const offset = readCount(query, 'offset', 0, Number.MAX_SAFE_INTEGER)
  const limit = readCount(query, 'limit', PAGE_MODELS_MAX, PAGE_MODELS_MAX)
  return { object: 'list', total: all.length, data: all.slice(offset, offset + limit) }
}

function readCount(query: URLSearchParams, name: string, usual: number, max: number): number {
  const text = query.get(name)
  if (text === null) return usual
  if (!/^\d{1,9}$/.test(text)) throw new GatewayError('request.malformed', `${name}: must be a whole number`)
  return Math.min(Number(text), max)
}

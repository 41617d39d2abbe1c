import { z } from 'zod'
import { portkeyFilters } from '../../contract/portkey-filters.ts'
import type { ExchangeFilter } from '../../store/exchanges.ts'
import { listProviders } from '../../store/providers.ts'
import type { NumberAttribute, RecordCondition, TextAttribute } from '../../store/record-condition.ts'
import type { AdminCaller } from '../caller.ts'
import { invalid } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { recordsOf } from './filter-exchanges.ts'
import { readFilter } from './read-filter.ts'

const Filters = z.object(portkeyFilters)

/** Filters by Portkey's names, as they come out of the contract. */
export type PortkeyFilters = z.output<typeof Filters>

const DAY_MS = 86_400_000

/** How far back a question goes that says nothing of it. */
const USUAL_DAYS = 30

const NANOS_PER_CENT = 1e7

/** Records within what the caller may see; both ends of their time are given. */
export type PortkeyQuestion = Required<Pick<ExchangeFilter, 'since' | 'until' | 'conditions'>> & ExchangeFilter

/** Reads the filters for a caller. `workspace` stands beside them in some requests, and means the same. */
export async function readPortkeyFilters(
  { store: { db }, clock }: Pick<AdminParts, 'store' | 'clock'>,
  caller: AdminCaller,
  filters: PortkeyFilters,
  workspace: string | undefined = filters.workspace_slug,
): Promise<PortkeyQuestion> {
  const scope = await recordsOf(db, caller, workspace)
  const { conditions, words } = await readFilter({ db, clock }, caller, filters.q ?? '')
  if (words.length > 0)
    throw invalid('q: What was said can be searched for at /v1/logs/search only; take the quotes away.')
  const { time_of_generation_min: from, time_of_generation_max: to } = filters
  const until = to === undefined ? clock.now() + 1 : Date.parse(to) + 1
  const since = from === undefined ? until - USUAL_DAYS * DAY_MS : Date.parse(from)
  const own = [
    ...rangeOf('tokens', filters.total_units_min, filters.total_units_max),
    ...rangeOf('cost', filters.cost_min, filters.cost_max, (cents) => BigInt(Math.round(cents * NANOS_PER_CENT))),
    ...rangeOf('tokens.in', filters.prompt_token_min, filters.prompt_token_max),
    ...rangeOf('tokens.out', filters.completion_token_min, filters.completion_token_max),
    ...rangeOf('feedback', filters.weighted_feedback_min, filters.weighted_feedback_max),
    ...statusesOf(filters.status_code),
    ...textOf(
      'provider',
      filters.virtual_keys?.map((slug) => slug.replace(/^@/, '')),
    ),
    ...textOf('config', filters.configs),
    ...textOf('key', filters.api_key_ids),
    ...textOf('trace', filters.trace_id),
    ...textOf('span', filters.span_id),
    ...textOf(
      'cache.status',
      filters.cache_status?.map((status) => status.toUpperCase()),
    ),
    ...(filters.prompt_slug === undefined ? [] : [NOTHING]),
    ...tagsOf(filters.metadata),
    ...(await servedBy(filters.ai_org_model)),
  ]
  return { ...scope, since, until, conditions: [...conditions, ...own] }

  async function servedBy(pairs: readonly string[] | undefined): Promise<readonly RecordCondition[]> {
    if (pairs === undefined) return []
    const split = pairs.map((pair) => /^(.+?)__(.+)$/.exec(pair)?.slice(1) ?? [undefined, pair])
    const kinds = split.flatMap(([kind]) => (kind === undefined ? [] : [kind]))
    const models = textOf(
      'model',
      split.map(([, model]) => model!),
    )
    if (kinds.length < split.length) return models
    const { items } = await listProviders(db, caller.organisationId)
    const slugs = new Set(items.filter(({ kind }) => kinds.includes(kind)).map(({ slug }) => slug))
    return [...models, { kind: 'text', of: 'provider', not: false, any: [...slugs].map((slug) => [slug]) }]
  }
}

const NOTHING: RecordCondition = { kind: 'text', of: 'request', not: false, any: [] }

function textOf(of: TextAttribute, values: readonly string[] | undefined): readonly RecordCondition[] {
  return values === undefined ? [] : [{ kind: 'text', of, not: false, any: values.map((value) => [value]) }]
}

function statusesOf(values: readonly string[] | undefined): readonly RecordCondition[] {
  if (values === undefined) return []
  const any = values.map((status) => ({ from: ending(Number(status)), to: ending(Number(status)) }))
  return [{ kind: 'number', of: 'status', not: false, any }]
}

function rangeOf(
  of: NumberAttribute,
  min: number | undefined,
  max: number | undefined,
  convert: (value: number) => number | bigint = (value) => value,
): readonly RecordCondition[] {
  if (min === undefined && max === undefined) return []
  const range = {
    ...(min !== undefined && { from: ending(convert(min)) }),
    ...(max !== undefined && { to: ending(convert(max)) }),
  }
  return [{ kind: 'number', of, not: false, any: [range] }]
}

function ending(value: number | bigint) {
  return { value, included: true }
}

function tagsOf(metadata: PortkeyFilters['metadata']): readonly RecordCondition[] {
  if (metadata === undefined) return []
  const tags = typeof metadata === 'string' ? readTags(metadata) : metadata
  return Object.entries(tags).map(([tag, value]) => ({ kind: 'tag', tag, not: false, any: [[value]] }))
}

const Tags = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))

/** The contract bounds its length. */
function readTags(json: string): Readonly<Record<string, string>> {
  try {
    const tags = Tags.safeParse(JSON.parse(json))
    if (tags.success) return tags.data
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw invalid('metadata: has to be a JSON object of texts, such as {"team":"payments"}')
}

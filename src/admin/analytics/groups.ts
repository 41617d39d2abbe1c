import { z } from 'zod'
import {
  GROUP_COLUMNS,
  GroupedDataQuery,
  GroupedRow,
  GroupsQuery,
  groupsOf,
  type GroupColumn,
} from '../../contract/analytics.ts'
import { nearestName } from '../../core/spelling.ts'
import { countTraceTags, listScores, type Score } from '../../store/feedback.ts'
import { listProviders } from '../../store/providers.ts'
import type { RowGroup } from '../../store/usage-rows.ts'
import type { AdminCaller } from '../caller.ts'
import { invalid, missing } from '../error.ts'
import { createValueNamer } from '../logs/name-values.ts'
import type { AdminParts } from '../parts.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { meanOf } from './feedback-graphs.ts'
import { showColumns } from './group-columns.ts'
import { centsOf, ratio, tokensOf } from './numbers.ts'
import { readAnalyticsQuestion, type AnalyticsQuestion } from './question.ts'
import { NO_LATENCY, readLatencies } from './read-latencies.ts'
import { readSums, type GroupSums } from './read-sums.ts'

const count = z.number().int()
const cents = z.number().meta({ description: 'US cents' })
const named = z.string().nullable()

/** One of Portkey's groups with three columns. */
function plainGroup(path: string, column: RowGroup, field: string, label: string) {
  return route({
    method: 'GET',
    path: `/analytics/groups/${path}` as string,
    summary: `List requests and cost by ${label.replace('_', ' ')}`,
    scope: ['analytics.view'],
    query: GroupsQuery,
    reply: groupsOf({ [label]: named, id: named, requests: count, cost: cents }) as z.ZodType,
    async handle({ caller, query }, parts) {
      const question = await readAnalyticsQuestion(parts, caller, query)
      const { groups, searchedUntil } = await readSums(question, column)
      const name = await createValueNamer({ db: question.db, clock: parts.clock }, caller, field)
      const rows = [...groups].map(([value, { total }]) => ({
        [label]: name(value).name ?? (value === '' ? null : value),
        id: value === '' ? null : value,
        requests: total.requests,
        cost: centsOf(total),
      }))
      return showRows(rows, query, searchedUntil)
    },
  })
}

const byMetadata = route({
  method: 'GET',
  path: '/analytics/groups/metadata/:key',
  summary: 'List requests, cost and feedback by the values of a tag',
  scope: ['analytics.view'],
  query: GroupsQuery,
  reply: groupsOf({
    metadata_value: z.string(),
    requests: count,
    cost: cents,
    avg_tokens: z.number().nullable(),
    avg_weighted_feedback: z.number().nullable(),
    requests_with_feedback: count,
    last_seen: named.meta({ description: 'where its last hour or day begins' }),
  }),
  async handle({ caller, query, params }, parts) {
    const question = await readAnalyticsQuestion(parts, caller, query)
    const { groups, searchedUntil } = await readSums(question, `tag.${params.key}`)
    const feedback = await readTagFeedback(question, params.key)
    const rows = [...groups].flatMap(([value, sums]) => {
      if (value === '') return []
      const { total } = sums
      const given = feedback.get(value)
      return [
        {
          metadata_value: value,
          requests: total.requests,
          cost: centsOf(total),
          avg_tokens: ratio(tokensOf(total), total.requests),
          avg_weighted_feedback: meanOf(given?.scores ?? []),
          requests_with_feedback: given?.requests ?? 0,
          last_seen: seen(question, sums).last,
        },
      ]
    })
    return showRows(rows, query, searchedUntil)
  },
})

/** Feedback by the tag of the requests whose trace it is of. */
async function readTagFeedback({ db, scope, conditions, spans }: AnalyticsQuestion, tag: string) {
  const range = { since: spans[0]!.start, until: spans.at(-1)!.end }
  const ofTrace = Map.groupBy(await listScores(db, { ...scope, conditions, ...range }), ({ traceId }) => traceId)
  const found = await countTraceTags(db, scope, { tag, traceIds: [...ofTrace.keys()] })
  const byValue = new Map<string, { requests: number; scores: Score[] }>()
  for (const { traceId, value, requests } of found) {
    const known = byValue.get(value) ?? { requests: 0, scores: [] }
    known.requests += requests
    known.scores.push(...(ofTrace.get(traceId) ?? []))
    byValue.set(value, known)
  }
  return byValue
}

/** Portkey's names of what is grouped: the column, and the field that names its values. */
const GROUPS: ReadonlyMap<string, readonly [RowGroup, string]> = new Map<string, readonly [RowGroup, string]>(
  Object.entries({
    model: ['model', 'model'],
    provider: ['provider_slug', 'provider'],
    ai_service: ['provider_slug', 'provider'],
    workspace: ['workspace_id', 'workspace'],
    api_key: ['key_id', 'key'],
    status_code: ['status', 'status'],
    config: ['config_id', 'config'],
    user: ['user_id', 'user'],
    project: ['project', 'project'],
  }),
)

const groupedData = route({
  method: 'GET',
  path: '/analytics/groups/:groupBy',
  summary: 'List what usage came to, by almost anything',
  scope: ['analytics.view'],
  query: GroupedDataQuery,
  reply: groupsOf(GroupedRow),
  async handle({ caller, query, params: { groupBy } }, parts) {
    const columns = readColumns(query.columns)
    // There are no stored prompts.
    if (groupBy === 'prompt') return showRows([], query, undefined)
    const group = GROUPS.get(groupBy)
    if (group === undefined) throw missing(`The group ${groupBy} (there are ${[...GROUPS.keys()].join(', ')}, prompt)`)
    const [column, field] = group
    const question = await readAnalyticsQuestion(parts, caller, query)
    const sums = await readSums(question, column)
    const needsLatency = columns.some((name) => name.endsWith('latency'))
    const latencies = needsLatency ? await readLatencies(question, column) : undefined
    const name = await createValueNamer({ db: question.db, clock: parts.clock }, caller, field)
    const kinds = groupBy === 'ai_service' ? await readKinds(caller, parts) : undefined
    const rows = [...sums.groups].map(([value, each]) => ({
      group: value === '' ? null : (kinds?.get(value) ?? value),
      group_name: kinds === undefined ? name(value).name : value,
      ...showColumns(columns, each, latencies?.totals.get(value) ?? NO_LATENCY, seen(question, each)),
    }))
    return showRows(rows, query, sums.searchedUntil ?? latencies?.searchedUntil)
  },
})

async function readKinds(caller: AdminCaller, { store }: AdminParts): Promise<ReadonlyMap<string, string>> {
  const { items } = await listProviders(store.db, caller.organisationId)
  return new Map(items.map(({ slug, kind }) => [slug, kind]))
}

function readColumns(text: string | undefined): readonly GroupColumn[] {
  if (text === undefined) return GROUP_COLUMNS
  return text.split(',').map((each) => {
    const name = each.trim()
    const column = GROUP_COLUMNS.find((known) => known === name)
    if (column !== undefined) return column
    const meant = nearestName(name, GROUP_COLUMNS)
    const hint = meant === undefined ? `known are ${GROUP_COLUMNS.join(', ')}` : `did you mean ${meant}?`
    throw invalid(`columns: ${JSON.stringify(name.slice(0, 40))} is not known here; ${hint}`)
  })
}

/** Where the first and the last span begin in which there was something. */
function seen({ spans }: AnalyticsQuestion, sums: GroupSums) {
  const moment = (at: number) => (at === -1 ? null : showMoment(spans[at]!.start))
  const isThere = ({ requests }: GroupSums['total']) => requests > 0
  return { first: moment(sums.spans.findIndex(isThere)), last: moment(sums.spans.findLastIndex(isThere)) }
}

interface Ordering {
  readonly order_by?: string | undefined
  readonly order_by_type: string
  readonly current_page: number
  readonly page_size: number
}

/** A page of the rows in the order that was asked for; what has no value comes last. */
function showRows<Row extends Readonly<Record<string, unknown>>>(
  rows: readonly Row[],
  { order_by: by = 'requests', order_by_type: direction, current_page: page, page_size: size }: Ordering,
  searchedUntil: number | undefined,
) {
  const sign = direction.toLowerCase() === 'asc' ? 1 : -1
  const ordered = rows.toSorted((one, other) => compare(one[by], other[by], sign))
  return {
    object: 'list' as const,
    total: rows.length,
    data: ordered.slice(page * size, (page + 1) * size),
    searched_until: searchedUntil === undefined ? null : showMoment(searchedUntil),
  }
}

function compare(one: unknown, other: unknown, sign: number): number {
  if (typeof one === 'number' && typeof other === 'number') return sign * (one - other)
  if (typeof one === 'string' && typeof other === 'string') return sign * (one < other ? -1 : one > other ? 1 : 0)
  return Number(one === null || one === undefined) - Number(other === null || other === undefined)
}

export const analyticsGroups = [
  plainGroup('users', 'user_id', 'user', 'user'),
  plainGroup('ai-models', 'model', 'model', 'ai_model'),
  plainGroup('workspaces', 'workspace_id', 'workspace', 'workspace'),
  byMetadata,
  groupedData,
]

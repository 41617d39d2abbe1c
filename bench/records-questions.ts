import { systemClock } from '../src/core/clock.ts'

/* What people ask of records: charts, lists, counts, what there is to choose from, sessions, words. */

export interface Question {
  readonly name: string
  readonly path: string
  /** Wall time of the answer at two million requests. */
  readonly promiseMs: number
}

const DAY_MS = 86_400_000
const CHART_MS = 300
const PAGE_MS = 50
const SEARCH_MS = 1_000
/** What no index answers is looked for two seconds long. */
const LOOKING_MS = 2_100

/** What nearly no request is. */
const RARE = 'status:>=500 cost:>5'

/** The paths of a question, and what they ask for within the last 90 days. */
export async function listQuestions(ask: (path: string) => Promise<unknown>): Promise<readonly Question[]> {
  const until = systemClock.now()
  const since = until - 90 * DAY_MS
  const list = async (path: string) => ((await ask(path)) as { readonly data: readonly Item[] }).data
  const [newest] = await list('/v1/logs?limit=1&q=has:session')
  const [session] = await list('/v1/sessions?limit=1')
  const user = valueOf(await ask('/v1/logs/facets?fields=user&q=has:user'))
  const key = valueOf(await ask('/v1/logs/facets?fields=key'))
  const workspace = valueOf(await ask('/v1/logs/facets?fields=workspace'))
  const ninety = { since: new Date(since).toISOString(), until: new Date(until).toISOString() }

  const chart = (name: string, asked: Readonly<Record<string, string>>): Question => ({
    name,
    path: withQuery('/v1/usage/series', { ...ninety, by: 'day', ...asked }),
    promiseMs: CHART_MS,
  })
  const breakdown = (name: string, asked: Readonly<Record<string, string>>): Question => ({
    name,
    path: withQuery('/v1/usage/breakdown', { ...ninety, ...asked }),
    promiseMs: CHART_MS,
  })
  const logs = (name: string, q: string, promiseMs = PAGE_MS, more = {}): Question => ({
    name,
    path: withQuery('/v1/logs', { q, ...more }),
    promiseMs,
  })
  const path = (name: string, it: string, promiseMs: number = PAGE_MS): Question => ({ name, path: it, promiseMs })

  return [
    ...['cost', 'requests', 'tokens', 'error_rate', 'cache_hit_rate'].map((metric) =>
      chart(`${metric}, by day`, { metric }),
    ),
    ...['model', 'provider', 'workspace', 'project', 'user', 'key', 'class', 'tag.team'].map((group) =>
      chart(`cost, by day and ${group}`, { metric: 'cost', group }),
    ),
    chart('tokens, by day and user', { metric: 'tokens', group: 'user' }),
    chart('cost, by day and user, 50 of them', { metric: 'cost', group: 'user', top: '50' }),
    chart('error rate, by day and provider', { metric: 'error_rate', group: 'provider' }),
    chart('cache hit rate, by day and project', { metric: 'cache_hit_rate', group: 'project' }),
    chart('cost, by day, compared', { metric: 'cost', group: 'model', compare: 'previous', ...lastDays(45, until) }),
    chart('cost, by month and workspace', { metric: 'cost', by: 'month', group: 'workspace' }),
    chart('cost, by hour and model, 30 days', { metric: 'cost', by: 'hour', group: 'model', ...lastDays(30, until) }),
    chart('cost of one person, by day and model', { metric: 'cost', group: 'model', q: `user:${user}` }),
    chart('cost of one model, by day and user', { metric: 'cost', group: 'user', q: 'model:opus*' }),
    chart('duration p95, by day', { metric: 'duration.p95' }),
    chart('duration p95, by day and model', { metric: 'duration.p95', group: 'model' }),
    chart('time to first token p99, by day and workspace', { metric: 'ttft.p99', group: 'workspace' }),
    chart('duration p95, by hour, 30 days', { metric: 'duration.p95', by: 'hour', ...lastDays(30, until) }),
    breakdown('breakdown by model', { group: 'model' }),
    breakdown('breakdown by user, 200 of them', { group: 'user', top: '200' }),
    breakdown('breakdown by key, compared', { group: 'key', compare: 'previous', ...lastDays(45, until) }),
    breakdown('breakdown by tag', { group: 'tag.team' }),
    logs('list page', ''),
    logs('list page, 200 rows', '', PAGE_MS, { limit: '200' }),
    logs('list page of a person', `user:${user}`),
    logs('list page of a key', `key:${key}`),
    logs('list page of a workspace', `workspace:${workspace}`),
    logs('list page of errors', 'is:error'),
    logs('list page of a model and a person', `model:opus* user:${user}`),
    logs('list page of what nearly no request is', RARE, LOOKING_MS),
    logs('list page of a session', `session:${newest?.session}`),
    path('sessions', '/v1/sessions'),
    path('sessions of a person', `/v1/sessions?user=${user}`),
    path('a session', `/v1/sessions/${session?.id}`),
    path('turns of a session', `/v1/sessions/${session?.id}/turns`),
    path('agents of a session', `/v1/sessions/${session?.id}/agents`),
    path('facets', '/v1/logs/facets', CHART_MS),
    path('facets of errors', '/v1/logs/facets?q=is:error', CHART_MS),
    path('facets of a rare filter', withQuery('/v1/logs/facets', { q: RARE }), CHART_MS),
    path('facets of a person', `/v1/logs/facets?q=user:${user}`, CHART_MS),
    logs('count of all', '', CHART_MS, { count: 'true' }),
    logs('count of a model', 'model:opus*', CHART_MS, { count: 'true' }),
    logs('count of a rare filter', RARE, LOOKING_MS, { count: 'true' }),
    path('search of two words', '/v1/logs/search?text=function%20error', SEARCH_MS),
    path('search of a word that nobody said', '/v1/logs/search?text=zyzzyva', SEARCH_MS),
  ]
}

interface Item {
  readonly id: string
  readonly session?: string | null
}

function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  return `${path}?${new URLSearchParams(query).toString()}`
}

function lastDays(days: number, until: number) {
  return { since: new Date(until - days * DAY_MS).toISOString() }
}

/** The commonest. */
function valueOf(facets: unknown): string {
  const [first] = (facets as { readonly facets: readonly { readonly values: readonly { readonly value: string }[] }[] })
    .facets
  return first?.values[0]?.value ?? 'nobody'
}

import { z } from 'zod'
import type { RecordCondition } from '../../store/record-condition.ts'
import type { Sums } from '../../store/usage.ts'
import { distribution, graph } from './graph.ts'
import { centsOf, meanCentsOf, percent, ratio, tokensOf } from './numbers.ts'
import type { AnalyticsQuestion } from './question.ts'
import { readLatencies } from './read-latencies.ts'
import { readAll, readSums } from './read-sums.ts'

const count = z.number().int()
const number = z.number().nullable()
const cents = z.number().meta({ description: 'US cents' })
const share = number.meta({ description: 'percent' })
const milliseconds = number.meta({ description: 'milliseconds, of requests that succeeded' })

/** The same numbers of all spans together, and of each. */
async function draw<Shown>(question: AnalyticsQuestion, show: (sums: Sums) => Shown) {
  const { total, spans, searchedUntil } = await readAll(question)
  return { summary: show(total), points: spans.map(show), searchedUntil }
}

const requests = graph({
  paths: ['requests'],
  about: 'how many requests there were',
  summary: { total: count },
  point: { total: count },
  read: (question) => draw(question, (sums) => ({ total: sums.requests })),
})

const cost = graph({
  paths: ['cost'],
  about: 'what requests cost, together and on average',
  summary: { total: cents, avg: number },
  point: { total: cents, avg: number },
  read: (question) => draw(question, (sums) => ({ total: centsOf(sums), avg: meanCentsOf(sums) })),
})

const tokens = graph({
  paths: ['tokens'],
  about: 'how many tokens requests used, cached ones included',
  summary: { total: count, avg: number },
  point: { total: count, avg: number },
  read: (question) => draw(question, (sums) => ({ total: tokensOf(sums), avg: ratio(tokensOf(sums), sums.requests) })),
})

const latencyShape = { avg: milliseconds, p50: milliseconds, p90: milliseconds, p99: milliseconds }

const latency = graph({
  paths: ['latency'],
  about: 'how long requests took',
  summary: latencyShape,
  point: latencyShape,
  async read(question) {
    const { totals, spans, searchedUntil } = await readLatencies(question)
    const show = ({ avg, p50, p90, p99 }: (typeof spans)[number]) => ({ avg, p50, p90, p99 })
    const all = totals.get('')
    return {
      summary: all === undefined ? { avg: null, p50: null, p90: null, p99: null } : show(all),
      points: spans.map(show),
      searchedUntil,
    }
  },
})

const users = graph({
  paths: ['users'],
  about: 'how many people asked something',
  summary: { total: count },
  point: { total: count },
  async read(question) {
    const { unique, spans, searchedUntil } = await countUsers(question)
    return { summary: { total: unique }, points: spans.map((total) => ({ total })), searchedUntil }
  },
})

const perUser = graph({
  paths: ['users/requests', 'users-requests'],
  about: 'how many requests a person makes',
  summary: { total: count, unique: count, avg: number },
  point: { total: count, unique: count, avg: number },
  async read(question) {
    const all = await readAll(question)
    const people = await countUsers(question)
    const show = ({ requests: total }: Sums, unique: number) => ({ total, unique, avg: ratio(total, unique) })
    return {
      summary: show(all.total, people.unique),
      points: all.spans.map((sums, at) => show(sums, people.spans[at]!)),
      searchedUntil: people.searchedUntil ?? all.searchedUntil,
    }
  },
})

/** People whose keys asked something; the tag `_user` is a claim that a request makes. */
async function countUsers(question: AnalyticsQuestion) {
  const { groups, searchedUntil } = await readSums(question, 'user_id')
  const people = [...groups].filter(([id, { total }]) => id !== '' && total.requests > 0)
  const spans = question.spans.map((_, at) => people.filter(([, sums]) => sums.spans[at]!.requests > 0).length)
  return { unique: people.length, spans, searchedUntil }
}

const errors = graph({
  paths: ['errors'],
  about: 'how many requests failed',
  summary: { total: count },
  point: { total: count },
  read: (question) => draw(question, (sums) => ({ total: sums.errors })),
})

const errorRate = graph({
  paths: ['errors/rate', 'errors-rate'],
  about: 'what part of the requests failed',
  summary: { rate: share },
  point: { rate: share },
  read: (question) => draw(question, (sums) => ({ rate: percent(sums.errors, sums.requests) })),
})

const stats = z.array(z.object({ response_status_code: count, count }))

const errorStacks = graph({
  paths: ['errors/stacks', 'errors-stack'],
  about: 'with which status requests failed, over time',
  summary: { total: count, stats },
  point: { stats },
  async read(question) {
    const { codes, searchedUntil } = await readErrorCodes(question)
    const statsOf = (requestsOf: (sums: (typeof codes)[number]['sums']) => number) =>
      codes
        .map(({ code, sums }) => ({ response_status_code: code, count: requestsOf(sums) }))
        .filter(({ count: found }) => found > 0)
    const whole = statsOf(({ total }) => total.requests)
    return {
      summary: { total: whole.reduce((sum, each) => sum + each.count, 0), stats: whole },
      points: question.spans.map((_, at) => ({ stats: statsOf(({ spans }) => spans[at]!.requests) })),
      searchedUntil,
    }
  },
})

const statusCodes = distribution({
  paths: ['errors/status-codes', 'errors-status-code'],
  about: 'with which status requests failed',
  summary: { total_errors: count, unique_error_codes: count },
  point: { status_code: count, count },
  async read(question) {
    const { codes, searchedUntil } = await readErrorCodes(question)
    const points = codes.map(({ code, sums }) => ({ status_code: code, count: sums.total.requests }))
    return {
      summary: { total_errors: points.reduce((sum, each) => sum + each.count, 0), unique_error_codes: points.length },
      points: points.toSorted((one, other) => other.count - one.count),
      searchedUntil,
    }
  },
})

const FIRST_ERROR = 400

async function readErrorCodes(question: AnalyticsQuestion) {
  const { groups, searchedUntil } = await readSums(question, 'status')
  const codes = [...groups].flatMap(([status, sums]) =>
    Number(status) >= FIRST_ERROR && sums.total.requests > 0 ? [{ code: Number(status), sums }] : [],
  )
  return { codes: codes.toSorted((one, other) => one.code - other.code), searchedUntil }
}

const rescued = graph({
  paths: ['requests/rescued', 'requests-rescued'],
  about: 'how many requests a retry or a fallback has rescued',
  summary: { retry: count, fallback: count },
  point: { retry: count, fallback: count },
  read: (question) => draw(question, (sums) => ({ retry: sums.retried, fallback: sums.fell_back })),
})

const saving = z.null().meta({ description: 'an answer from the cache does not know what it would have cost' })

const cacheHitRate = graph({
  paths: ['cache/hit-rate', 'cache-hit-rate'],
  about: 'how many requests were answered from the cache',
  summary: { total: count, rate: share },
  point: {
    simple_hits: count,
    semantic_hits: z.literal(0),
    rate: share,
    cumulative_simple_savings: saving,
    cumulative_semantic_savings: saving,
  },
  async read(question) {
    const { total, spans, searchedUntil } = await readAll(question)
    return {
      summary: { total: total.cache_hits, rate: percent(total.cache_hits, total.requests) },
      points: spans.map((sums) => ({
        simple_hits: sums.cache_hits,
        semantic_hits: 0 as const,
        rate: percent(sums.cache_hits, sums.requests),
        cumulative_simple_savings: null,
        cumulative_semantic_savings: null,
      })),
      searchedUntil,
    }
  },
})

/** What came from the cache, among what was asked for already. */
export const FROM_CACHE: RecordCondition = { kind: 'state', not: false, any: ['cached'] }

const cacheLatency = graph({
  paths: ['cache/latency', 'cache-latency'],
  about: 'how long answers from the cache took',
  summary: { avg: milliseconds },
  point: { avg: milliseconds },
  async read(question) {
    const conditions = [...question.conditions, FROM_CACHE]
    const { totals, spans, searchedUntil } = await readLatencies({ ...question, conditions })
    return {
      summary: { avg: totals.get('')?.avg ?? null },
      points: spans.map(({ avg }) => ({ avg })),
      searchedUntil,
    }
  },
})

export const usageGraphs = [
  ...requests,
  ...cost,
  ...latency,
  ...tokens,
  ...users,
  ...perUser,
  ...errors,
  ...errorRate,
  ...errorStacks,
  ...statusCodes,
  ...rescued,
  ...cacheHitRate,
  ...cacheLatency,
]

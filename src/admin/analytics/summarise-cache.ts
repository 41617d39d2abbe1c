import { AnalyticsQuery, CacheSummary } from '../../contract/analytics.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { readAnalyticsQuestion } from './question.ts'
import { readLatencies } from './read-latencies.ts'
import { readAll } from './read-sums.ts'
import { FROM_CACHE } from './usage-graphs.ts'

export const summariseCache = route({
  method: 'GET',
  path: '/analytics/summary/cache',
  summary: 'Sum up what the cache has done',
  scope: ['analytics.view'],
  query: AnalyticsQuery,
  reply: CacheSummary,
  async handle({ caller, query }, parts) {
    const question = await readAnalyticsQuestion(parts, caller, query)
    const { total, searchedUntil } = await readAll(question)
    const all = await readLatencies(question)
    const hits = await readLatencies({ ...question, conditions: [...question.conditions, FROM_CACHE] })
    const [usual, cached] = [all.totals.get('')?.avg ?? null, hits.totals.get('')?.avg ?? null]
    const until = searchedUntil ?? all.searchedUntil ?? hits.searchedUntil
    return {
      object: 'analytics-summary' as const,
      summary: {
        hits: total.cache_hits,
        avg_latency: cached,
        total_requests: total.requests,
        cache_speedup: usual === null || cached === null ? null : usual / cached,
      },
      searched_until: until === undefined ? null : showMoment(until),
    }
  },
})

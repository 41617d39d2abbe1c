import { z } from 'zod'
import { listScores, listTraceModels, type Score } from '../../store/feedback.ts'
import { findSpan } from '../usage/spans.ts'
import { distribution, graph } from './graph.ts'
import { ratio } from './numbers.ts'
import type { AnalyticsQuestion } from './question.ts'

const count = z.number().int()
const weighted = z.number().nullable().meta({ description: 'mean of value times weight' })

const feedbacks = graph({
  paths: ['feedbacks'],
  about: 'how much feedback there was',
  summary: { total: count },
  point: { total: count },
  async read(question) {
    const { all, spans } = await readScores(question)
    return {
      summary: { total: all.length },
      points: spans.map(({ length }) => ({ total: length })),
      searchedUntil: undefined,
    }
  },
})

const scores = distribution({
  paths: ['feedbacks/scores', 'feedbacks/score'],
  about: 'which scores were given',
  summary: { total: count },
  point: { score: count, total: count },
  async read(question) {
    const { all } = await readScores(question)
    const byValue = Map.groupBy(all, ({ value }) => value)
    return {
      summary: { total: all.length },
      points: [...byValue]
        .map(([score, given]) => ({ score, total: given.length }))
        .toSorted((one, other) => one.score - other.score),
      searchedUntil: undefined,
    }
  },
})

const weightedScores = graph({
  paths: ['feedbacks/weighted'],
  about: 'the mean of feedback, by its weight',
  summary: { avg: weighted },
  point: { avg: weighted },
  async read(question) {
    const { all, spans } = await readScores(question)
    return {
      summary: { avg: meanOf(all) },
      points: spans.map((given) => ({ avg: meanOf(given) })),
      searchedUntil: undefined,
    }
  },
})

const perModel = distribution({
  paths: ['feedbacks/ai-models'],
  about: 'what was thought of each model',
  summary: { total: count },
  point: { ai_model: z.string(), total: count, avg_weighted_feedback: weighted },
  async read(question) {
    const { all } = await readScores(question)
    const ofTrace = Map.groupBy(all, ({ traceId }) => traceId)
    const models = await listTraceModels(question.db, question.scope, [...ofTrace.keys()])
    const ofModel = new Map<string, Score[]>()
    for (const { traceId, model } of models) {
      ofModel.set(model, [...(ofModel.get(model) ?? []), ...(ofTrace.get(traceId) ?? [])])
    }
    return {
      summary: { total: all.length },
      points: [...ofModel]
        .map(([model, given]) => ({ ai_model: model, total: given.length, avg_weighted_feedback: meanOf(given) }))
        .toSorted((one, other) => other.total - one.total),
      searchedUntil: undefined,
    }
  },
})

export const feedbackGraphs = [...feedbacks, ...scores, ...weightedScores, ...perModel]

async function readScores({ db, scope, conditions, spans }: AnalyticsQuestion) {
  const all = await listScores(db, { ...scope, conditions, since: spans[0]!.start, until: spans.at(-1)!.end })
  const bySpan = Map.groupBy(all, ({ createdAt }) => findSpan(spans, createdAt))
  return { all, spans: spans.map((_, at) => bySpan.get(at) ?? []) }
}

export function meanOf(given: readonly Pick<Score, 'value' | 'weight'>[]): number | null {
  return ratio(
    given.reduce((sum, { value, weight }) => sum + value * weight, 0),
    given.length,
  )
}

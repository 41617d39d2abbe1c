import { z } from 'zod'
import { AnalyticsQuery, graphOf } from '../../contract/analytics.ts'
import type { AdminCaller } from '../caller.ts'
import type { AdminParts } from '../parts.ts'
import { type AdminRoute, route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import type { PortkeyFilters } from '../logs/read-portkey-filters.ts'
import { readAnalyticsQuestion, type AnalyticsQuestion } from './question.ts'

/** A graph, under each of the names that Portkey's documents and its client have for it. */
interface Graph<Summary extends z.ZodRawShape, Point extends z.ZodRawShape> {
  /** Under `/analytics/graphs/`. */
  readonly paths: readonly string[]
  readonly about: string
  readonly summary: Summary
  /** Without its timestamp. */
  readonly point: Point
  read(question: AnalyticsQuestion): Promise<Drawn<Summary, Point>>
}

interface Drawn<Summary extends z.ZodRawShape, Point extends z.ZodRawShape> {
  readonly summary: z.output<z.ZodObject<Summary>>
  /** One for each span; or anything else, for a graph that is not over time. */
  readonly points: readonly z.output<z.ZodObject<Point>>[]
  readonly searchedUntil: number | undefined
}

/** Points are told with the time of their span. */
export function graph<Summary extends z.ZodRawShape, Point extends z.ZodRawShape>({
  paths,
  about,
  summary,
  point,
  read,
}: Graph<Summary, Point>): readonly AdminRoute[] {
  return mount(paths, about, graphOf(summary, { timestamp: z.string(), ...point }), async (question) => {
    const drawn = await read(question)
    const points = drawn.points.map((each, at) => ({ timestamp: showMoment(question.spans[at]!.start), ...each }))
    return { ...drawn, points }
  })
}

/** Points are values of something. */
export function distribution<Summary extends z.ZodRawShape, Point extends z.ZodRawShape>({
  paths,
  about,
  summary,
  point,
  read,
}: Graph<Summary, Point>): readonly AdminRoute[] {
  return mount(paths, about, graphOf(summary, point), read)
}

interface Told {
  readonly summary: object
  readonly points: readonly object[]
  readonly searchedUntil: number | undefined
}

function mount(
  paths: readonly string[],
  about: string,
  reply: z.ZodType,
  read: (question: AnalyticsQuestion) => Promise<Told>,
): readonly AdminRoute[] {
  return paths.map((path) =>
    route({
      method: 'GET',
      path: `/analytics/graphs/${path}` as string,
      summary: `Draw ${about}`,
      scope: ['analytics.view'],
      query: AnalyticsQuery,
      reply,
      handle: async ({ caller, query }, parts) => answer(caller, query, parts),
    }),
  )

  async function answer(caller: AdminCaller, query: PortkeyFilters, parts: AdminParts) {
    const { summary, points, searchedUntil } = await read(await readAnalyticsQuestion(parts, caller, query))
    return {
      object: 'analytics-graph',
      summary,
      data_points: points,
      searched_until: searchedUntil === undefined ? null : showMoment(searchedUntil),
    }
  }
}

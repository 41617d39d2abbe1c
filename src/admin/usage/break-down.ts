import { BreakdownQuery, UsageBreakdown } from '../../contract/usage.ts'
import type { Sums } from '../../store/usage.ts'
import { patienceOf } from '../logs/ask-logs.ts'
import { createValueNamer } from '../logs/name-values.ts'
import { showCost, showTokens } from '../logs/show-cost.ts'
import { route } from '../route.ts'
import { readRange, showRange } from './chart-range.ts'
import { unitOf, type Line } from './lines.ts'
import { addsUp } from './measure.ts'
import { readLines } from './read-lines.ts'
import type { Span } from './spans.ts'
import { readGroup, readSubject } from './usage-question.ts'

export const breakDown = route({
  method: 'GET',
  path: '/usage/breakdown',
  summary: 'What usage divides into: by model, provider, workspace, project, person, key, class or a tag',
  scope: ['analytics.view', 'logs.list', 'logs.view', 'logs.read'],
  query: BreakdownQuery,
  reply: UsageBreakdown,
  async handle({ caller, query }, parts) {
    const { metric, by, top } = query
    const group = readGroup(query.group)
    const subject = await readSubject(parts, caller, query)
    const range = await readRange(parts, query)
    await parts.flushRecords()
    const asked = { ...subject, metric, groupBy: group.column, top, unit: by, overTime: false }
    const lines = await readLines({ ...asked, spans: [joined(range.spans)] }, patienceOf(parts))
    const before =
      range.before === undefined
        ? undefined
        : await readLines({ ...asked, spans: [joined(range.before)] }, patienceOf(parts))
    const name = await createValueNamer({ db: subject.db, clock: parts.clock }, caller, group.field)
    const whole = addsUp(metric) ? lines.all.total : null
    const shareOf = ({ total }: Line) => (whole === null || whole === 0 || total === null ? null : total / whole)
    return {
      object: 'usage-breakdown' as const,
      metric,
      unit: unitOf(metric),
      ...showRange(range, lines),
      group: group.field,
      data: [
        ...lines.groups.map(({ value, line }) => ({
          kind: 'group' as const,
          group: name(value === '' ? null : value),
          value: line.total,
          share: shareOf(line),
          previous_value: before?.groups.find((each) => each.value === value)?.line.total ?? null,
          sums: showSums(line.sums),
        })),
        ...(lines.rest === undefined
          ? []
          : [
              {
                kind: 'rest' as const,
                group: null,
                value: lines.rest.total,
                share: shareOf(lines.rest),
                previous_value: null,
                sums: showSums(lines.rest.sums),
              },
            ]),
      ],
      total: {
        value: lines.all.total,
        previous_value: before?.all.total ?? null,
        sums: showSums(lines.all.sums),
      },
    }
  },
})

function joined(spans: readonly Span[]): Span {
  return { start: spans[0]!.start, end: spans.at(-1)!.end }
}

function showSums(sums: Sums | undefined) {
  if (sums === undefined) return null
  return {
    requests: sums.requests,
    errors: sums.errors,
    interrupted: sums.interrupted,
    cached: sums.cache_hits,
    retried: sums.retried,
    fell_back: sums.fell_back,
    upstream_calls: sums.calls,
    tokens: showTokens(sums),
    ...showCost(sums.cost_nanos),
  }
}

import { SeriesQuery, UsageSeries } from '../../contract/usage.ts'
import { formatDollars } from '../../core/money.ts'
import { invalid } from '../error.ts'
import { patienceOf } from '../logs/ask-logs.ts'
import { createValueNamer } from '../logs/name-values.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { readRange, showRange } from './chart-range.ts'
import { accumulate, unitOf, type Line, type Lines } from './lines.ts'
import { addsUp } from './measure.ts'
import { readLines } from './read-lines.ts'
import { readGroup, readSubject } from './usage-question.ts'

export const listSeries = route({
  method: 'GET',
  path: '/usage/series',
  summary: 'How usage went over time, by hours, days, weeks or months',
  scope: ['analytics.view', 'logs.list', 'logs.view', 'logs.read'],
  query: SeriesQuery,
  reply: UsageSeries,
  async handle({ caller, query }, parts) {
    const { metric, by, top } = query
    if (query.cumulative === 'true' && !addsUp(metric)) throw invalid(`cumulative: ${metric} does not add up over time`)
    const group = query.group === undefined ? undefined : readGroup(query.group)
    const subject = await readSubject(parts, caller, query)
    const range = await readRange(parts, query)
    await parts.flushRecords()
    const asked = {
      ...subject,
      metric,
      groupBy: group?.column,
      top,
      unit: by === 'hour' ? 'hour' : 'day',
      overTime: true,
    } as const
    const lines = await readLines({ ...asked, spans: range.spans }, patienceOf(parts))
    const before =
      range.before === undefined ? undefined : await readLines({ ...asked, spans: range.before }, patienceOf(parts))
    const name = await createValueNamer({ db: subject.db, clock: parts.clock }, caller, group?.field ?? '')
    const show = (kind: 'all' | 'group' | 'rest', line: Line, previous: Line | undefined, value?: string) => {
      const shown = query.cumulative === 'true' ? accumulate(line) : line
      const compared = previous !== undefined && query.cumulative === 'true' ? accumulate(previous) : previous
      return {
        kind,
        group: value === undefined ? null : name(value === '' ? null : value),
        total: line.total,
        total_usd: metric === 'cost' && line.sums !== undefined ? formatDollars(line.sums.cost_nanos) : null,
        values: [...shown.values],
        previous_total: compared?.total ?? null,
        previous_values: compared === undefined ? null : [...compared.values],
      }
    }
    return {
      object: 'usage-series' as const,
      metric,
      unit: unitOf(metric),
      ...showRange(range, lines),
      by,
      starts: range.spans.map(({ start }) => showMoment(start)),
      previous_starts: range.before?.map(({ start }) => showMoment(start)) ?? null,
      series: [
        show('all', lines.all, before?.all),
        ...lines.groups.map(({ value, line }) => show('group', line, findLine(before, value), value)),
        ...(lines.rest === undefined ? [] : [show('rest', lines.rest, undefined)]),
      ],
    }
  },
})

/** A group that was not among those with most before is told as not known, and not as nothing. */
function findLine(lines: Lines | undefined, value: string): Line | undefined {
  return lines?.groups.find((group) => group.value === value)?.line
}

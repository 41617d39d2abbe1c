import { createLabelBound } from '../telemetry/label-bound.ts'
import type { ClientCount } from '../store/client-metrics.ts'
import type { Taken } from './read-events.ts'
import type { Reporter } from './reporter.ts'
import { attributesOf, below, momentOf, numberOf } from './read-values.ts'
import { isObject } from '../core/is-object.ts'

/** Of one request; Claude Code sends a few dozen each minute. */
const POINTS_MAX = 5_000

/** What tells kinds of one metric apart. Others, such as the id of a session, would make a row for each. */
const KINDS = ['decision', 'language', 'model', 'query_source', 'source', 'tool_name', 'type'] as const

/** Words that are told apart under each of these names; what comes later is `other`. */
const WORDS_MAX = 200

/** `AGGREGATION_TEMPORALITY_DELTA`: what was counted since the last time, which is what can be added up. */
const DELTA = 1

/** Several points may be one count. */
interface TakenPoints extends Taken<ClientCount> {
  readonly taken: number
}

/** Reads sums out of metrics; `dayOf` says where the day of a moment begins. */
export function createMetricReader(dayOf: (moment: number) => number) {
  const bounds = new Map(KINDS.map((name) => [name, createLabelBound(WORDS_MAX)]))

  return function readMetrics(items: readonly unknown[], by: Reporter, now: number): TakenPoints {
    const counts = new Map<string, ClientCount>()
    let points = 0
    let taken = 0
    for (const metric of below(items, 'scopeMetrics', 'metrics')) {
      const { name, sum } = metric
      points += countPoints(metric)
      if (typeof name !== 'string' || !/^claude_code\.[\w.]{1,64}$/.test(name)) continue
      if (!isObject(sum) || sum['aggregationTemporality'] !== DELTA) continue
      for (const point of below([sum], 'dataPoints')) {
        const at = momentOf(point['timeUnixNano'], now)
        const value = numberOf(point['asInt']) ?? numberOf(point['asDouble'])
        if (taken === POINTS_MAX || at === undefined || value === undefined || value < 0 || value > VALUE_MAX) continue
        taken++
        add(counts, { ...by, start: dayOf(at), name, attributes: kindsOf(point), value })
      }
    }
    return {
      items: [...counts.values()],
      taken,
      rejected: points - taken,
      problem:
        points === taken
          ? undefined
          : `Only sums of Claude Code with delta temporality and of the last thirty days are taken, ${POINTS_MAX} at once.`,
    }
  }

  function kindsOf(point: Readonly<Record<string, unknown>>): string {
    const attributes = attributesOf(point)
    const kinds: Record<string, string> = {}
    for (const name of KINDS) {
      const value = attributes.get(name)
      if (value !== undefined)
        kinds[name] = bounds.get(name)!(
          String(value)
            .replaceAll(/\p{Cc}/gu, ' ')
            .slice(0, 64),
        )
    }
    return JSON.stringify(kinds)
  }
}

const VALUE_MAX = 1e12

/** Of what shape they may be. */
function countPoints(metric: Readonly<Record<string, unknown>>): number {
  return ['sum', 'gauge', 'histogram', 'exponentialHistogram', 'summary'].reduce((points, shape) => {
    const data = metric[shape]
    return points + (isObject(data) && Array.isArray(data['dataPoints']) ? data['dataPoints'].length : 0)
  }, 0)
}

/** One row for each key of the table, because a statement can add to a row only once. */
function add(counts: Map<string, ClientCount>, count: ClientCount): void {
  const key = `${count.start} ${count.name} ${count.attributes}`
  const before = counts.get(key)
  counts.set(key, before === undefined ? count : { ...before, value: before.value + count.value })
}

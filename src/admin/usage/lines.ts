import { METRICS, type Metric } from '../../contract/usage.ts'
import type { Sums } from '../../store/usage.ts'
import { addSums, NO_SUMS, subtractSums } from '../../store/sums.ts'
import { addsUp, measure, type SumMetric } from './measure.ts'

/** What a chart shows: the sum of all, the groups that are told apart, and what is left. */
export interface Lines {
  readonly all: Line
  readonly groups: readonly { readonly value: string; readonly line: Line }[]
  /** Undefined when nothing is left, and for durations, which cannot be taken from each other. */
  readonly rest: Line | undefined
  readonly source: 'rollups' | 'rows'
  readonly complete: boolean
  /** Milliseconds since the epoch down to which rows were looked at; undefined when all were. */
  readonly searchedUntil: number | undefined
}

export interface Line {
  readonly total: number | null
  /** By span; null where there is nothing to tell, or nobody has looked. */
  readonly values: readonly (number | null)[]
  /** What the total is measured from; undefined for durations. */
  readonly sums?: Sums | undefined
}

/** Sums of all spans together, and of each; a span that nobody looked at has none. */
export interface Cells {
  readonly total: Sums
  readonly spans: readonly (Sums | undefined)[]
}

export function toLine(metric: SumMetric, { total, spans }: Cells): Line {
  return {
    total: measure(metric, total),
    values: spans.map((sums) => (sums === undefined ? null : measure(metric, sums))),
    sums: total,
  }
}

/** The groups that come to most: of a share, those with the most requests, because the largest share is often of one. */
export function pickTop(totals: ReadonlyMap<string, Sums>, metric: SumMetric, top: number): readonly string[] {
  const ranked = addsUp(metric) ? metric : 'requests'
  return [...totals]
    .map(([value, sums]) => ({ value, rank: measure(ranked, sums) ?? 0 }))
    .toSorted((one, other) => other.rank - one.rank || (one.value < other.value ? -1 : 1))
    .slice(0, top)
    .map(({ value }) => value)
}

/** What all have and none of the groups; undefined for nothing. */
export function restOf(all: Cells, groups: readonly Cells[]): Cells | undefined {
  const total = groups.reduce((left, { total: known }) => subtractSums(left, known), all.total)
  if (isNothing(total)) return undefined
  const spans = all.spans.map((sums, at) =>
    sums === undefined
      ? undefined
      : groups.reduce((left, { spans: known }) => subtractSums(left, known[at] ?? NO_SUMS), sums),
  )
  return { total, spans }
}

function isNothing(sums: Sums): boolean {
  return Object.values(sums).every((value) => value === 0 || value === 0n)
}

/** Each value with all before it. Only what adds up can be told so. */
export function accumulate({ values, ...line }: Line): Line {
  let sum = 0
  return { ...line, values: values.map((value) => (value === null ? null : (sum += value))) }
}

export function unitOf(metric: Metric): (typeof METRICS)[Metric] {
  return METRICS[metric]
}

/** The sum of all that are there; nothing where none is. */
export function sumAll(sums: readonly (Sums | undefined)[]): Sums {
  return sums.reduce<Sums>((sum, each) => (each === undefined ? sum : addSums(sum, each)), NO_SUMS)
}

import { NO_SUMS } from '../../store/sums.ts'
import type { BucketCount, Histogram } from '../../store/latency-buckets.ts'
import type { Patience, Reach } from '../../store/through-time.ts'
import { countDurations, isTag, sumRows } from '../../store/usage-rows.ts'
import type { Sums } from '../../store/usage.ts'
import { toDurationLines } from './lines-of-durations.ts'
import { pickTop, restOf, sumAll, toLine, type Cells, type Lines } from './lines.ts'
import type { durationOf, SumMetric } from './measure.ts'
import type { Span } from './spans.ts'
import type { UsageQuestion } from './usage-question.ts'
import { type SpanReach, walkSpans } from './walk-spans.ts'

/*
 * Charts from the records themselves, newest first, as far as patience reaches. What nobody looked at is not told, and not told
 * as nothing either.
 */

export async function readSums(question: UsageQuestion, metric: SumMetric, patience: Patience): Promise<Lines> {
  const { groups, ...reach } = await readSpans<Sums>(question, patience, (span, left) =>
    sumRows(question.db, filterOf(question, span), question.groupBy, left),
  )
  const cells = new Map<string, Cells>()
  for (const [value, spans] of groups) cells.set(value, { total: sumAll(spans), spans: fill(spans, reach, NO_SUMS) })
  const all = sumSpans([...cells.values()], reach, question)
  if (question.groupBy === undefined) {
    return { all: toLine(metric, all), groups: [], rest: undefined, source: 'rows', ...endOf(reach) }
  }
  // As in the roll-ups: what has no such tag is none of its groups.
  const isGroup = (value: string) => value !== '' || !isTag(question.groupBy!)
  const totals = new Map([...cells].filter(([value]) => isGroup(value)).map(([value, { total }]) => [value, total]))
  const chosen = pickTop(totals, metric, question.top)
  const rest = restOf(
    all,
    chosen.map((value) => cells.get(value)!),
  )
  return {
    all: toLine(metric, all),
    groups: chosen.map((value) => ({ value, line: toLine(metric, cells.get(value)!) })),
    rest: rest === undefined ? undefined : toLine(metric, rest),
    source: 'rows',
    ...endOf(reach),
  }
}

export async function readDurations(
  question: UsageQuestion,
  { duration, share }: NonNullable<ReturnType<typeof durationOf>>,
  patience: Patience,
): Promise<Lines> {
  const asked = { duration, groupBy: question.groupBy }
  const { groups, ...reach } = await readSpans<readonly BucketCount[]>(question, patience, (span, left) =>
    countDurations(question.db, filterOf(question, span), asked, left),
  )
  const top = question.groupBy === undefined ? 0 : question.top
  const histograms = new Map([...groups].map(([value, spans]) => [value, spans.map(toHistograms)]))
  const lines = toDurationLines(histograms, { share, spans: question.spans.length, top })
  return { ...lines, rest: undefined, source: 'rows', ...endOf(reach) }
}

function toHistograms(counts: readonly BucketCount[] | undefined): readonly Histogram[] | undefined {
  return counts === undefined ? undefined : [counts.flatMap(({ bucket, requests }) => [bucket, requests])]
}

async function readSpans<Value>(
  { spans }: UsageQuestion,
  patience: Patience,
  read: (span: Span, left: Patience) => Promise<Reach & { readonly groups: ReadonlyMap<string, Value> }>,
): Promise<SpanReach & { readonly groups: ReadonlyMap<string, readonly (Value | undefined)[]> }> {
  const groups = new Map<string, (Value | undefined)[]>()
  const reach = await walkSpans(spans, patience, async (span, at, left) => {
    const found = await read(span, left)
    for (const [value, part] of found.groups) {
      const parts = groups.get(value) ?? spans.map(() => undefined)
      parts[at] = part
      groups.set(value, parts)
    }
    return found
  })
  return { groups, ...reach }
}

/** A span that was looked at and has nothing is nothing; one that was not stays unknown. */
function fill<Value>(
  spans: readonly (Value | undefined)[],
  { unseen }: SpanReach,
  nothing: Value,
): (Value | undefined)[] {
  return spans.map((value, at) => value ?? (at < unseen ? undefined : nothing))
}

function sumSpans(cells: readonly Cells[], { unseen }: SpanReach, { spans }: UsageQuestion): Cells {
  const sums = spans.map((_, at) => (at < unseen ? undefined : sumAll(cells.map(({ spans: known }) => known[at]))))
  return { total: sumAll(sums), spans: sums }
}

function filterOf({ scope, conditions }: UsageQuestion, { start, end }: Span) {
  return { ...scope, conditions, since: start, until: end }
}

function endOf({ searchedUntil }: Reach): Pick<Lines, 'complete' | 'searchedUntil'> {
  return { complete: searchedUntil === undefined, searchedUntil }
}

import { createPeriods } from '../../limits/periods.ts'
import { createCalendar } from '../../store/rollups/hour-and-day.ts'
import { invalid } from '../error.ts'

/** One bar of a chart, in milliseconds since the epoch: `start` belongs to it, `end` does not. */
export interface Span {
  readonly start: number
  readonly end: number
}

export type SpanLength = 'hour' | 'day' | 'week' | 'month'

/** More bars than any screen has room for. */
const SPANS_MAX = 1_000
const HOUR_MS = 3_600_000

/** The hours, days, weeks or months of a zone that hold a range, whole: the first one holds `since`, the last one what is before `until`. */
export function spansOf(zone: string, length: SpanLength, since: number, until: number): readonly Span[] {
  const spanAt = createSpanAt(zone, length)
  const spans: Span[] = []
  for (let span = spanAt(since); span.start < until; span = spanAt(span.end)) {
    if (spans.length === SPANS_MAX) {
      throw invalid(`by: ${length} makes more than ${SPANS_MAX} values; take a longer one, or less time`)
    }
    spans.push(span)
  }
  return spans.length === 0 ? [spanAt(since)] : spans
}

/** As many, just before. */
export function spansBefore(zone: string, length: SpanLength, spans: readonly Span[]): readonly Span[] {
  const spanAt = createSpanAt(zone, length)
  const before: Span[] = []
  for (let at = spans[0]!.start; before.length < spans.length; at = before[0]!.start) before.unshift(spanAt(at - 1))
  return before
}

function createSpanAt(zone: string, length: SpanLength): (moment: number) => Span {
  if (length === 'hour') {
    const calendar = createCalendar(zone)
    return (moment) => {
      const start = calendar(moment).hour
      return { start, end: start + HOUR_MS }
    }
  }
  const periods = createPeriods(() => zone)
  return (moment) => periods.of({ reset: { every: length } }, -Infinity, moment)
}

/** The number of the span that holds a moment; -1 for none. Spans lie one after the other. */
export function findSpan(spans: readonly Span[], moment: number): number {
  let [low, high] = [0, spans.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const { start, end } = spans[middle]!
    if (moment < start) high = middle - 1
    else if (moment >= end) low = middle + 1
    else return middle
  }
  return -1
}

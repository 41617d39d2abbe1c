import { percentileOf, requestsIn, type Histogram } from '../../store/latency-buckets.ts'
import type { Line } from './lines.ts'

/** Histograms of a group by span, of which there may be several each; a span that nobody looked at has none. */
export type Histograms = readonly (readonly Histogram[] | undefined)[]

/** The percentile of all, and of the groups with the most requests. Durations leave no rest: they cannot be taken from each other. */
export function toDurationLines(
  groups: ReadonlyMap<string, Histograms>,
  { share, spans, top }: { readonly share: number; readonly spans: number; readonly top: number },
): { readonly all: Line; readonly groups: readonly { readonly value: string; readonly line: Line }[] } {
  const together = Array.from({ length: spans }, (_, at) => {
    const looked = [...groups.values()].flatMap((histograms) => histograms[at] ?? [])
    return looked.length === 0 ? undefined : looked
  })
  const busiest = [...groups]
    .map(([value, histograms]) => ({ value, histograms, requests: countRequests(histograms) }))
    .toSorted((one, other) => other.requests - one.requests || (one.value < other.value ? -1 : 1))
  return {
    all: toLine(together, share),
    groups: busiest.slice(0, top).map(({ value, histograms }) => ({ value, line: toLine(histograms, share) })),
  }
}

function toLine(histograms: Histograms, share: number): Line {
  return {
    total: percentileOf(allOf(histograms), share),
    values: histograms.map((each) => (each === undefined ? null : percentileOf(each, share))),
  }
}

function countRequests(histograms: Histograms): number {
  return allOf(histograms).reduce((sum, histogram) => sum + requestsIn(histogram), 0)
}

function allOf(histograms: Histograms): readonly Histogram[] {
  return histograms.flatMap((each) => each ?? [])
}

import { percentilesOf, type BucketCount } from '../../store/latency-buckets.ts'
import type { Line } from './lines.ts'

/** Histograms of a group by span; a span that nobody looked at has none. */
export type Histograms = readonly (readonly BucketCount[] | undefined)[]

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
    total: percentileOf(
      histograms.flatMap((counts) => counts ?? []),
      share,
    ),
    values: histograms.map((counts) => (counts === undefined ? null : percentileOf(counts, share))),
  }
}

function countRequests(histograms: Histograms): number {
  return histograms.flatMap((counts) => counts ?? []).reduce((sum, { requests }) => sum + requests, 0)
}

function percentileOf(counts: readonly BucketCount[], share: number): number | null {
  return percentilesOf(counts, [share])[0] ?? null
}

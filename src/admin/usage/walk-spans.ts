import type { Patience, Reach } from '../../store/through-time.ts'
import type { Span } from './spans.ts'

export interface SpanReach extends Reach {
  /** How many spans nobody has looked at to their end, from the first on. */
  readonly unseen: number
}

/** Asks of the spans of a chart one by one, the last one first, as far as patience reaches; of the last one in any case. */
export async function walkSpans(
  spans: readonly Span[],
  { clock, maxMs }: Patience,
  read: (span: Span, at: number, left: Patience) => Promise<Reach>,
): Promise<SpanReach> {
  const deadline = clock.monotonic() + maxMs
  for (let at = spans.length - 1; at >= 0; at--) {
    const left = deadline - clock.monotonic()
    if (left <= 0 && at < spans.length - 1) return { unseen: at + 1, searchedUntil: spans[at]!.end }
    const { searchedUntil } = await read(spans[at]!, at, { clock, maxMs: left })
    if (searchedUntil !== undefined) return { unseen: at, searchedUntil }
  }
  return { unseen: 0, searchedUntil: undefined }
}

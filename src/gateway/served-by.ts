import type { HeaderLines } from '../core/headers.ts'

/** Portkey's headers that tell which target answered, and after how many tries. */
export function servedByHeaders(served: {
  readonly traceId: string
  readonly path: string
  /** The provider's kind; undefined when none was found. */
  readonly kind: string | undefined
  /** Tries after the first; -1 when all were used up. */
  readonly retries: number
}): HeaderLines {
  const headers = [
    'x-portkey-trace-id',
    served.traceId,
    'x-portkey-last-used-option-index',
    served.path,
    'x-portkey-retry-attempt-count',
    String(served.retries),
  ]
  if (served.kind !== undefined) headers.push('x-portkey-provider', served.kind)
  return headers
}

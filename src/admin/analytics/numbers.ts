import type { Sums } from '../../store/usage.ts'
import { inputTokens } from '../logs/show-cost.ts'

const NANOS_PER_CENT = 1e7

export function centsOf({ cost_nanos: nanos }: Sums): number {
  return Number(nanos) / NANOS_PER_CENT
}

/** Of one request; null where there was none. */
export function meanCentsOf({ cost_nanos: nanos, requests }: Sums): number | null {
  return requests === 0 ? null : Number(nanos) / requests / NANOS_PER_CENT
}

export function tokensOf(sums: Sums): number {
  return inputTokens(sums) + sums.output_tokens
}

/** Null of nothing. */
export function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

export function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : (100 * part) / whole
}

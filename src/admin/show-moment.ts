/** A stored moment (milliseconds since the epoch) as the API writes it: RFC 3339, UTC. */
export function showMoment(ms: number): string
export function showMoment(ms: number | null): string | null
export function showMoment(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

import { createHash } from 'node:crypto'

/** Members that change by themselves, because calls are made or time passes: nobody has edited the thing for that. */
const MOVING = new Set([
  'current_usage',
  'held',
  'remaining',
  'next_usage_reset_at',
  'value_key_usage_map',
  'workspace_count',
])

/** States that a thing comes into and out of by itself. */
const MOVING_STATES = new Set(['exhausted', 'expired'])

/** A strong tag (RFC 9110, 8.8.3) of a thing as the API shows it, the same as long as nobody changes the thing. */
export function etagOf(shown: unknown): string {
  const text = JSON.stringify(shown, (name, value: unknown) => {
    if (MOVING.has(name)) return undefined
    return name === 'status' && typeof value === 'string' && MOVING_STATES.has(value) ? 'active' : value
  })
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
}

/** Whether an `if-match` header names this tag. A star is any tag; a weak one is never enough for a change. */
export function isMatch(header: string, etag: string): boolean {
  if (header.trim() === '*') return true
  return header
    .split(',')
    .map((tag) => tag.trim())
    .includes(etag)
}

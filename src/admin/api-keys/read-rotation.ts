import type { z } from 'zod'
import type { KeyCreate } from '../../contract/api-keys.ts'
import type { KeyRotation } from '../../store/documents.ts'
import { invalid } from '../error.ts'

type Written = NonNullable<z.output<typeof KeyCreate>['rotation_policy']>

const DAY_MS = 24 * 60 * 60 * 1000

/** A rotation policy as it is kept, with the moment at which the next secret is due. */
export function readRotation(written: Written, now: number): KeyRotation {
  const { rotation_period: period, rotation_period_days: periodDays, next_rotation_at: next } = written
  const policy = { period: period ?? undefined, periodDays: periodDays ?? undefined }
  const nextAt = typeof next === 'string' ? Date.parse(next) : nextRotation(policy, now)
  if (nextAt <= now) throw invalid('rotation_policy.next_rotation_at: has passed already')
  return { ...policy, nextAt, transitionMs: written.key_transition_period_ms ?? undefined }
}

/** When the next secret is due, counted from now. A month is a month of the calendar, in UTC. */
export function nextRotation({ period, periodDays }: Pick<KeyRotation, 'period' | 'periodDays'>, now: number): number {
  if (period !== 'monthly') return now + (period === 'weekly' ? 7 : (periodDays ?? 365)) * DAY_MS
  const date = new Date(now)
  const day = date.getUTCDate()
  date.setUTCMonth(date.getUTCMonth() + 1)
  // The 31st of January leads to the last of February, not into March.
  if (date.getUTCDate() !== day) date.setUTCDate(0)
  return date.getTime()
}

const DAY = 86_400_000

/**
 * A moment to come as a refusal tells it: `at 14:05 UTC`, `tomorrow at 00:00 UTC`, `on 1 December at 00:00 GMT+1`. Both in milliseconds since the
 * epoch; `timeZone` is an IANA name, undefined for UTC.
 */
export function tellMoment(at: number, now: number, timeZone = 'UTC'): string {
  // A minute that has begun is not over yet: told rounded up, the moment is never too early.
  const minute = Math.ceil(at / 60_000) * 60_000
  const time = told(minute, timeZone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' })
  const day = dayOf(minute, timeZone)
  if (day === dayOf(now, timeZone)) return `at ${time}`
  return day === dayOf(now + DAY, timeZone) ? `tomorrow at ${time}` : `on ${day} at ${time}`
}

function dayOf(at: number, timeZone: string): string {
  return told(at, timeZone, { day: 'numeric', month: 'long' })
}

function told(at: number, timeZone: string, parts: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', { ...parts, timeZone }).format(at)
}

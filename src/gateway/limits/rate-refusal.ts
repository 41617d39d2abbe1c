import { GatewayError, type PortkeyWords } from '../../core/errors.ts'
import type { LimitLevel, RateLimit } from '../../limits/limit.ts'
import type { Jam } from '../../limits/rates.ts'
import { capitalised, isOfTarget, type RefusalContext, whomToAsk } from './refusal-words.ts'
import { tellMoment } from './tell-moment.ts'

/** Claude Code waits for so long by itself and goes on; for anything longer its developer should read why (measured with 2.1.330). */
const WAIT_SECONDS_MAX = 60

/** Whoever was not let in after the wait in line has been waiting already: a short pause is enough. */
const CONCURRENCY_PAUSE_SECONDS = 2

/** What a request is told that a rate limit stops: whose limit it is, how much it allows, and when it goes on. */
export function rateRefusal({ lane, waitMs }: Jam, { caller, organisation, now }: RefusalContext): GatewayError {
  const { rate } = lane
  const code = isOfTarget(rate)
    ? 'rate.provider_limited'
    : rate.unit === 'concurrency'
      ? 'rate.concurrency'
      : 'rate.limited'
  const details = {
    detail: `limit ${rate.id}, bucket ${lane.bucket}`,
    portkey: caller.errorFormat === 'portkey' ? wordsFor(rate.level) : undefined,
  }
  const rule = capitalised(`${rate.of} ${tellRule(rate)}`)
  const whom = whomToAsk(organisation)
  if (waitMs === Infinity) {
    const advice =
      rate.unit === 'tokens' && rate.value > 0 ? 'This request alone is larger. Run /compact, or ask' : 'Ask'
    return new GatewayError(code, `${rule}. ${advice} ${whom} for a higher limit.`, { ...details, final: true })
  }
  if (rate.unit === 'concurrency') {
    return new GatewayError(code, `${rule}, and others were still running. Run fewer at once, or try again.`, {
      ...details,
      retryAfterSeconds: CONCURRENCY_PAUSE_SECONDS,
    })
  }
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000))
  const isShort = seconds <= WAIT_SECONDS_MAX
  const when = isShort ? `in ${seconds} s` : tellMoment(now + waitMs, now, organisation.timeZone)
  const ask = isShort ? '' : ` Ask ${whom} if that is too late.`
  return new GatewayError(code, `${rule}, and that is used up. The next request passes ${when}.${ask}`, {
    ...details,
    retryAfterSeconds: seconds,
    final: !isShort,
  })
}

/** `may send 60 requests a minute`. */
function tellRule(rate: RateLimit): string {
  const { unit, value, windowMs } = rate
  const count = value.toLocaleString('en-US')
  const one = value === 1
  switch (unit) {
    case 'requests':
      return `may ${isOfTarget(rate) ? 'take' : 'send'} ${count} ${one ? 'request' : 'requests'} ${tellWindow(windowMs)}`
    case 'tokens':
      return `may use ${count} ${one ? 'token' : 'tokens'} ${tellWindow(windowMs)}`
    case 'concurrency':
      return `may run ${count} ${one ? 'request' : 'requests'} at the same time`
  }
}

function tellWindow(ms: number): string {
  return WINDOWS.get(ms) ?? `in ${Math.round(ms / 1_000).toLocaleString('en-US')} s`
}

const WINDOWS: ReadonlyMap<number, string> = new Map([
  [1_000, 'a second'],
  [60_000, 'a minute'],
  [3_600_000, 'an hour'],
  [86_400_000, 'a day'],
  [604_800_000, 'a week'],
])

/** Portkey's own names for the levels that it has; it counts what an organisation or a person may use among the keys. */
function wordsFor(level: LimitLevel): PortkeyWords {
  return { status: 429, type: PORTKEY_TYPES[level], code: null }
}

const PORTKEY_TYPES: Readonly<Record<LimitLevel, string>> = {
  organisation: 'api_key_rate_limit_error',
  workspace: 'workspace_rate_limit_error',
  user: 'api_key_rate_limit_error',
  key: 'api_key_rate_limit_error',
  provider: 'virtual_key_rate_limit_error',
  integration: 'integration_rate_limit_error',
  policy: 'rate_limits_policy_exhaust_error',
}

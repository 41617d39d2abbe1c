import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import type { TargetSettings } from '../../routing/routing-config.ts'

/** As in a config. */
const TIMEOUT_MS_MAX = 3_600_000
const FORWARDED_MAX = 64

const NOTHING: Partial<TargetSettings> = {}

/** What a request says of its targets in headers of its own; it stands above the config. Throws `request.malformed`. */
export function readHeaderSettings(headers: HeaderLines): Partial<TargetSettings> {
  const timeout = header(headers, 'x-portkey-request-timeout')
  const forward = header(headers, 'x-portkey-forward-headers')
  if (timeout === undefined && forward === undefined) return NOTHING
  return {
    ...(timeout !== undefined && { requestTimeoutMs: readTimeout(timeout) }),
    ...(forward !== undefined && { forwardHeaders: readNames(forward) }),
  }
}

function readTimeout(written: string): number {
  const timeoutMs = Number(written)
  if (Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= TIMEOUT_MS_MAX) return timeoutMs
  throw new GatewayError(
    'request.malformed',
    `x-portkey-request-timeout: must be a whole number of milliseconds from 1 to ${TIMEOUT_MS_MAX}.`,
  )
}

function readNames(written: string): readonly string[] {
  const names = written
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const refuse = (problem: string) => new GatewayError('request.malformed', `x-portkey-forward-headers: ${problem}`)
  if (names.includes('x-portkey-forward-headers')) throw refuse('must not name itself.')
  if (names.length > FORWARDED_MAX) throw refuse(`names more than ${FORWARDED_MAX} headers.`)
  const bad = names.find((name) => !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
  if (bad !== undefined) throw refuse(`${bad.slice(0, 80)} is not the name of a header.`)
  // Those speak to the gateway, and some are keys.
  return names.filter((name) => !name.startsWith('x-portkey-'))
}

import { isObject } from '../core/is-object.ts'
import { checkHost } from '../core/hosts.ts'
import type { NODE_MEMBERS } from './config-members.ts'
import { readParamPath } from './param-path.ts'
import type { BreakerRule, CacheRule, ParamEdits, ParamPath, RetryRule, TargetSettings } from './routing-config.ts'
import {
  complain,
  entriesOf,
  type Fields,
  readBoolean,
  readChoice,
  readFields,
  readNumber,
  readStatusCodes,
  readText,
  readTexts,
  readList,
  readWholeNumber,
  whole,
  type Written,
} from './written.ts'

/** A week, as in Portkey. */
const CACHE_SECONDS = 604_800
const CACHE_SECONDS_MIN = 60
const CACHE_SECONDS_MAX = 7_776_000
const COOLDOWN_MS = 30_000
const DAY_MS = 86_400_000

/** Who may send a provider's credential to another address than the provider's own. */
export interface HostRule {
  /** Hosts an operator vouches for, as `checkHost` takes them. */
  readonly trusted: readonly string[]
}

/** What a node says of the targets in and under it, on top of what it inherits. */
export function readSettings(
  fields: Fields<(typeof NODE_MEMBERS)[number]>,
  inherited: TargetSettings,
  hosts: HostRule | undefined,
): TargetSettings {
  const { retry, cache, request_timeout, forward_headers, custom_host, anthropic_beta, anthropic_version, cb_config } =
    fields
  return {
    retry: retry === undefined ? inherited.retry : readRetry(retry),
    cache: cache === undefined ? inherited.cache : readCache(cache),
    requestTimeoutMs: request_timeout === undefined ? inherited.requestTimeoutMs : readTimeout(request_timeout),
    params: readParams(fields, inherited.params),
    forwardHeaders: forward_headers === undefined ? inherited.forwardHeaders : readForwardHeaders(forward_headers),
    customHost: custom_host === undefined ? inherited.customHost : readHost(custom_host, hosts),
    anthropicBeta: anthropic_beta === undefined ? inherited.anthropicBeta : readHeaderValue(anthropic_beta),
    anthropicVersion: anthropic_version === undefined ? inherited.anthropicVersion : readHeaderValue(anthropic_version),
    breaker: cb_config === undefined ? inherited.breaker : readBreaker(cb_config),
  }
}

function readTimeout(written: Written): number | undefined {
  return readWholeNumber(written, { min: 1, max: 3_600_000, unit: 'milliseconds' })
}

function readRetry(written: Written): RetryRule | undefined {
  // Portkey's documentation has the plural, its open-source gateway the singular.
  const names = ['attempts', 'on_status_codes', 'use_retry_after_headers', 'use_retry_after_header'] as const
  const fields = readFields(written, names)
  if (fields === undefined) return undefined
  const { attempts, on_status_codes, use_retry_after_headers, use_retry_after_header } = fields
  if (use_retry_after_headers !== undefined && use_retry_after_header !== undefined) {
    complain(use_retry_after_header, 'stands twice, in two spellings; keep use_retry_after_headers')
  }
  const useRetryAfter = use_retry_after_headers ?? use_retry_after_header
  const rule = {
    attempts:
      attempts === undefined
        ? complain(written, 'needs attempts: how often to try again, from 0 to 5')
        : readWholeNumber(attempts, { min: 0, max: 5 }),
    onStatusCodes: on_status_codes && readStatusCodes(on_status_codes),
    useRetryAfterHeaders: (useRetryAfter && readBoolean(useRetryAfter)) ?? false,
  }
  return rule.attempts === undefined ? undefined : { ...rule, attempts: rule.attempts }
}

function readCache(written: Written): CacheRule | undefined {
  const fields = readFields(written, ['mode', 'max_age', 'scope'])
  if (fields === undefined) return undefined
  const { mode, max_age, scope } = fields
  if (mode === undefined) complain(written, 'needs mode: "simple"')
  else if (mode.value === 'semantic') {
    complain(mode, 'has to be simple: a question that only resembles another is never answered from the cache here')
  } else readChoice(mode, ['simple'])
  const seconds = { min: CACHE_SECONDS_MIN, max: CACHE_SECONDS_MAX, unit: 'seconds' }
  return {
    maxAgeSeconds: (max_age && readWholeNumber(max_age, seconds)) ?? CACHE_SECONDS,
    scope: (scope && readChoice(scope, ['key', 'workspace'])) ?? 'key',
  }
}

export function readBreaker(written: Written): BreakerRule | undefined {
  const fields = readFields(written, [
    'failure_threshold',
    'failure_threshold_percentage',
    'minimum_requests',
    'cooldown_interval',
    'failure_status_codes',
  ])
  if (fields === undefined) return undefined
  const { failure_threshold, failure_threshold_percentage, minimum_requests, cooldown_interval } = fields
  if (failure_threshold === undefined && failure_threshold_percentage === undefined) {
    complain(written, 'needs failure_threshold or failure_threshold_percentage: when to stop asking a target')
  }
  const counts = { min: 1, max: 1_000_000 }
  return {
    failureThreshold: failure_threshold && readWholeNumber(failure_threshold, counts),
    failureThresholdPercentage:
      failure_threshold_percentage && readNumber(failure_threshold_percentage, { min: 1, max: 100 }),
    minimumRequests: (minimum_requests && readWholeNumber(minimum_requests, counts)) ?? 5,
    cooldownMs:
      (cooldown_interval &&
        readWholeNumber(cooldown_interval, { min: COOLDOWN_MS, max: DAY_MS, unit: 'milliseconds' })) ??
      COOLDOWN_MS,
    failureStatusCodes: fields.failure_status_codes && readStatusCodes(fields.failure_status_codes),
  }
}

/** Names of header fields (RFC 9110, 5.6.2). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/

/** What proves who somebody is, what belongs to one connection alone, and what the gateway writes itself. */
const HEADERS_KEPT: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'proxy-authenticate',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'content-length',
  'content-encoding',
])

function readForwardHeaders(written: Written): readonly string[] {
  const names = readList(written, { max: 50 })?.map((item) => {
    const name = readText(item, { max: 100 })?.toLowerCase()
    if (name === undefined) return undefined
    if (!HEADER_NAME.test(name)) return complain(item, 'is not the name of a header')
    if (HEADERS_KEPT.has(name) || name.startsWith('x-portkey-')) {
      return complain(item, 'never travels on: it holds a credential, or belongs to the connection with the gateway')
    }
    return name
  })
  return [...new Set(whole(names) ?? [])]
}

function readHost(written: Written, hosts: HostRule | undefined): string | undefined {
  if (hosts === undefined) {
    return complain(
      written,
      'may only stand in a config that an administrator has saved; set custom_host of the provider instead',
    )
  }
  const url = readText(written, { max: 2_000 })
  if (url === undefined) return undefined
  const verdict = checkHost(url, hosts.trusted)
  return verdict.allowed ? url : complain(written, `cannot be used: ${verdict.reason}`)
}

function readHeaderValue(written: Written): string | undefined {
  const text = readText(written, { max: 2_000 })
  if (text === undefined || /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text)) return text
  return complain(written, 'has to be printable ASCII without space around it, as it becomes a header')
}

/** A member that the gateway has read before a config applies: another value would make the answer one that nobody expects. */
const DECIDED = 'stream'

/** Without these a body is no Messages request. */
const NEEDED: ReadonlySet<string> = new Set(['model', 'messages', 'max_tokens', DECIDED])

function readParams(
  { default_params, override_params, drop_params }: Fields<(typeof NODE_MEMBERS)[number]>,
  inherited: ParamEdits,
): ParamEdits {
  return {
    defaults:
      default_params === undefined ? inherited.defaults : merged(inherited.defaults, readValues(default_params)),
    overrides:
      override_params === undefined ? inherited.overrides : merged(inherited.overrides, readValues(override_params)),
    drops: drop_params === undefined ? inherited.drops : [...inherited.drops, ...readDrops(drop_params)],
  }
}

function readValues(written: Written): Readonly<Record<string, unknown>> {
  const entries = entriesOf(written) ?? []
  for (const [name, member] of entries) {
    if (name === DECIDED) complain(member, 'cannot be set here: the client decides whether its answer is a stream')
    if (name === 'model') readText(member, { max: 300 })
  }
  return Object.fromEntries(entries.map(([name, { value }]) => [name, value]))
}

function readDrops(written: Written): readonly ParamPath[] {
  const paths = readTexts(written, { max: 200 })?.map((text, index) => {
    const item = { ...written, path: `${written.path}[${index}]` }
    const path = readParamPath(text)
    if (path === undefined) return complain(item, 'is not a path; write it as in a.b, a[0].b or a[*].b')
    const [name] = path
    if (path.length === 1 && typeof name === 'string' && NEEDED.has(name)) {
      return complain(item, `would take ${name} away, which every request needs`)
    }
    return path
  })
  return whole(paths) ?? []
}

/** The nearer value wins; of two objects, member by member. */
function merged(outer: Readonly<Record<string, unknown>>, inner: Readonly<Record<string, unknown>>) {
  const names = [...new Set([...Object.keys(outer), ...Object.keys(inner)])]
  return Object.fromEntries(names.map((name): [string, unknown] => [name, mergedAt(name, outer, inner)]))
}

function mergedAt(
  name: string,
  outer: Readonly<Record<string, unknown>>,
  inner: Readonly<Record<string, unknown>>,
): unknown {
  if (!Object.hasOwn(inner, name)) return outer[name]
  const [from, to] = [Object.hasOwn(outer, name) ? outer[name] : undefined, inner[name]]
  return isObject(from) && isObject(to) ? merged(from, to) : to
}

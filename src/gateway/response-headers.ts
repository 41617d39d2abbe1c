import { type HeaderLines, namedByConnection } from '../core/headers.ts'

/** Belong to one connection, not to the answer (RFC 9110, 7.6.1); Node writes its own. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Never travel down: they speak of the account that everybody shares, or would let an upstream act on the gateway's own host.
 */
const OURS_ALONE = new Set([
  'anthropic-organization-id',
  'anthropic-workspace-id',
  'authorization',
  'x-api-key',
  'set-cookie',
  'www-authenticate',
  'strict-transport-security',
  'alt-svc',
  // The gateway's own id takes its place: it is the one that leads to the record.
  'request-id',
  'date',
])

/**
 * One user’s screen would show the quota of the whole company: Claude Code reads these. `anthropic-priority-*` and
 * `anthropic-fast-*` are the same for other service tiers.
 */
const QUOTA = /^anthropic-(?:ratelimit|priority|fast)-/

/**
 * The upstream's headers that travel to the client: all but the named ones, in their order and case. A stream of events
 * loses its `content-length`, because a ping or an error of ours may come between them.
 */
export function forClient(upstream: HeaderLines, isEventStream: boolean): string[] {
  const named = namedByConnection(upstream)
  const kept: string[] = []
  for (let at = 0; at < upstream.length; at += 2) {
    const name = upstream[at]!.toLowerCase()
    if (HOP_BY_HOP.has(name) || OURS_ALONE.has(name) || name.startsWith('x-portkey-') || QUOTA.test(name)) continue
    if ((isEventStream && name === 'content-length') || named?.has(name)) continue
    kept.push(upstream[at]!, upstream[at + 1]!)
  }
  return kept
}

/** The head of a stream that the gateway opens by itself. */
export const eventStreamHeaders: HeaderLines = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-cache',
]

import { ANSWER_BYTES_MAX, type AnswerKey, type CachedAnswer } from '../../cache/answer-cache.ts'
import type { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, contentCoding, header } from '../../core/headers.ts'
import { cacheKey } from '../cache-key.ts'
import type { Admitted, Breaker, CacheStatus, Ending, Planned, Reply, ReplyHead } from '../exchange.ts'
import { replay } from '../replay.ts'
import type { GatewayParts } from '../parts.ts'
import type { Stage } from '../stage.ts'

type CacheParts = Pick<GatewayParts, 'clock' | 'answers'>

/**
 * Answers a request that was answered before, when its config says so, and keeps whole answers for the next time. Two that come at the same
 * moment both go up: waiting for somebody else's answer would make one client's fate another's.
 */
export function cache({ clock, answers }: CacheParts): Stage<Admitted> {
  return (next) =>
    async function cache(exchange, reply) {
      const use = readUse(exchange)
      const key = use === undefined ? undefined : cacheKey(exchange, use.scope)
      if (use === undefined || key === undefined) return next(exchange, tell('DISABLED', exchange, reply))
      if (use.refreshes) return next(exchange, keep(key, use.ttlMs, tell('REFRESH', exchange, reply), exchange))

      const found = answers.get(key)
      const answer = found instanceof Promise ? await found : found
      if (answer !== undefined && clock.now() - answer.createdAt < use.ageMsMax) return replay(exchange, answer, reply)
      return next(exchange, keep(key, use.ttlMs, tell('MISS', exchange, reply), exchange))
    }

  function keep(key: AnswerKey, ttlMs: number, reply: Reply, { signal }: Planned): Reply {
    return new Copied(reply, (copy) => {
      if (!signal.aborted) answers.put(key, { ...copy, createdAt: clock.now() }, ttlMs)
    })
  }
}

/** How one request uses the cache. */
interface Use {
  readonly scope: 'key' | 'workspace'
  /** Goes up in any case; its answer takes the place of the earlier one. */
  readonly refreshes: boolean
  /** Milliseconds for which its answer is kept. */
  readonly ttlMs: number
  /** An older answer does not do. */
  readonly ageMsMax: number
}

/** Portkey's limits: 60 seconds and 90 days. */
const TTL_MS_MIN = 60_000
const TTL_MS_MAX = 90 * 24 * 3_600_000

/** What config and headers say together; undefined when this request has nothing to do with the cache. */
function readUse({ endpoint, headers, plan }: Planned): Use | undefined {
  if (plan.cache === undefined || endpoint !== 'messages') return undefined
  // Whoever does not want his answer written down does not want it in the cache either.
  if (isSaid(headers, 'x-portkey-debug', 'false')) return undefined
  const wish = readCacheControl(header(headers, 'cache-control'))
  if (wish.noStore || wish.maxAgeMs === 0) return undefined
  const wantedMs = wish.maxAgeMs ?? plan.cache.maxAgeSeconds * 1000
  return {
    scope: plan.cache.scope,
    refreshes: isSaid(headers, 'x-portkey-cache-force-refresh', 'true'),
    ttlMs: Math.min(Math.max(wantedMs, TTL_MS_MIN), TTL_MS_MAX),
    ageMsMax: Math.min(wantedMs, TTL_MS_MAX),
  }
}

function isSaid(headers: HeaderLines, name: string, value: string): boolean {
  return header(headers, name)?.trim().toLowerCase() === value
}

/** The two directives that mean something here (RFC 9111, 5.2.1). */
function readCacheControl(text: string | undefined): {
  readonly noStore: boolean
  readonly maxAgeMs: number | undefined
} {
  const directives =
    text
      ?.toLowerCase()
      .split(',', 16)
      .map((each) => each.trim()) ?? []
  const seconds = directives
    .map((each) => /^max-age="?(\d{1,12})"?$/.exec(each)?.[1])
    .find((each) => each !== undefined)
  return {
    noStore: directives.includes('no-store'),
    maxAgeMs: seconds === undefined ? undefined : Number(seconds) * 1000,
  }
}

/** Tells client and record what the cache did. */
function tell(status: CacheStatus, { trail }: Planned, reply: Reply): Reply {
  trail.note({ cacheStatus: status })
  const told = ['x-portkey-cache-status', status]
  return {
    head: (head) => reply.head({ ...head, headers: [...head.headers, ...told] }),
    chunk: (bytes) => reply.chunk(bytes),
    end: (ending) => reply.end(ending),
    fail: (error, by, headers = []) => reply.fail(error, by, [...headers, ...told]),
  }
}

/** Passes an answer on and keeps a copy of it, as long as it may become one that can be given again. */
class Copied implements Reply {
  readonly #reply: Reply
  readonly #onWhole: (copy: Omit<CachedAnswer, 'createdAt'>) => void
  #head: ReplyHead | undefined
  #pieces: Buffer[] = []
  #bytes = 0

  constructor(reply: Reply, onWhole: (copy: Omit<CachedAnswer, 'createdAt'>) => void) {
    this.#reply = reply
    this.#onWhole = onWhole
  }

  head(head: ReplyHead): void {
    // What is compressed cannot be looked into for a refusal; plain was asked for.
    const isKeepable = head.status === 200 && head.isShortened !== true
    if (isKeepable && contentCoding(head.headers) === undefined) this.#head = head
    this.#reply.head(head)
  }

  chunk(bytes: Buffer): void {
    if (this.#head !== undefined) {
      this.#bytes += bytes.length
      if (this.#bytes > ANSWER_BYTES_MAX) this.#drop()
      else this.#pieces.push(bytes)
    }
    this.#reply.chunk(bytes)
  }

  end(ending: Ending): void {
    if (this.#head !== undefined && ending === 'whole') {
      const body = Buffer.concat(this.#pieces)
      if (body.length > 0 && !isRefusal(body)) {
        this.#onWhole({ status: this.#head.status, headers: ofContent(this.#head.headers), body })
      }
    }
    this.#drop()
    this.#reply.end(ending)
  }

  fail(error: GatewayError, by: Breaker, headers?: HeaderLines): void {
    this.#drop()
    this.#reply.fail(error, by, headers)
  }

  #drop(): void {
    this.#head = undefined
    this.#pieces = []
  }
}

/**
 * The model has refused, which the next try may not. Inside the text of an answer these quotes stand behind backslashes, so only the member
 * itself is found.
 */
function isRefusal(body: Buffer): boolean {
  return body.includes('"stop_reason":"refusal"') || body.includes('"stop_reason": "refusal"')
}

/** Headers that describe the content or who made it, and not the one exchange in which it was made. */
const OF_CONTENT = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'cache-control',
  'x-portkey-last-used-option-index',
  'x-portkey-provider',
])

function ofContent(headers: HeaderLines): HeaderLines {
  const kept: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    if (OF_CONTENT.has(headers[at]!.toLowerCase())) kept.push(headers[at]!, headers[at + 1]!)
  }
  return kept
}

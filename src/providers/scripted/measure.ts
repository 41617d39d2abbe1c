import { NO_USAGE, type TokenUsage } from '../../core/usage.ts'
import { object, type Ask, type Block } from './request.ts'

/** Four bytes of English are about one token. */
const BYTES_PER_TOKEN = 4

/** A shorter prefix is not worth a cache entry; the provider's own lower bound for most models. */
const CACHED_TOKENS_MIN = 1024

/** Output tokens of a text. */
export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN)
}

/** All input tokens of a request, as `count_tokens` reports them. */
export function countInput(ask: Ask): number {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h } = measureInput(ask)
  return input + cacheRead + cacheWrite5m + cacheWrite1h
}

/**
 * The input side of the usage, worked out from the request alone. Everything up to the last `cache_control` mark is
 * cached. What stood before the last answer was in the previous request of the session and is read back; the rest of the
 * prefix is written. So each request reads exactly what its predecessors wrote, as long as the conversation only grows.
 */
export function measureInput(ask: Ask): TokenUsage {
  const parts = partsInCacheOrder(ask)
  const lastMark = parts.findLastIndex(({ block }) => isMarked(block))
  const lastAnswer = parts.findLastIndex(({ role }) => role === 'assistant')
  const answerStart = parts.findLastIndex(({ role }, at) => at <= lastAnswer && role !== 'assistant') + 1
  const sum = (from: number, to: number) =>
    parts.slice(from, to).reduce((total, { block }) => total + countBlock(block), 0)

  const prefix = sum(0, lastMark + 1)
  if (prefix < CACHED_TOKENS_MIN) return { ...NO_USAGE, input: sum(0, parts.length) }
  const before = lastAnswer === -1 ? 0 : sum(0, Math.min(answerStart, lastMark + 1))
  const read = before < CACHED_TOKENS_MIN ? 0 : before
  const oneHour = object(parts[lastMark]!.block['cache_control'])['ttl'] === '1h'
  return {
    ...NO_USAGE,
    input: sum(lastMark + 1, parts.length),
    cacheRead: read,
    cacheWrite5m: oneHour ? 0 : prefix - read,
    cacheWrite1h: oneHour ? prefix - read : 0,
  }
}

/** The provider caches tools, then system, then messages, whatever their order in the body. */
function partsInCacheOrder(ask: Ask): { readonly role: string; readonly block: Block }[] {
  return [
    ...ask.tools.map(({ block }) => ({ role: 'tool', block })),
    ...ask.system.map((block) => ({ role: 'system', block })),
    ...ask.messages.flatMap(({ role, content }) => content.map((block) => ({ role, block }))),
  ]
}

function isMarked(block: Block): boolean {
  return object(block['cache_control'])['type'] === 'ephemeral'
}

/** The mark itself is left out, because it moves on while the block stays. */
function countBlock({ cache_control: _mark, ...block }: Block): number {
  return countTokens(JSON.stringify(block))
}

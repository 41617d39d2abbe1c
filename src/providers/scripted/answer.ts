import { createHash } from 'node:crypto'
import type { TokenUsage } from '../../core/usage.ts'
import { countTokens, measureInput } from './measure.ts'
import type { Ask, Json, Seeded } from './request.ts'

/** A whole answer in the words of the Messages API, before it becomes JSON or a stream. */
export interface Answer {
  readonly id: string
  readonly model: string
  readonly content: readonly AnswerBlock[]
  readonly stopReason: string
  readonly stopSequence: string | undefined
  readonly usage: TokenUsage
  /** Members that stand beside `stop_reason`, such as `safeguard_results` and `stop_details`. */
  readonly ending: Json
}

export type AnswerBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string; readonly tokens: number }
  /** The input is kept as JSON text, so that numbers no double can hold survive. */
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly inputJson: string }
  | { readonly type: 'server_tool_use'; readonly id: string; readonly name: string; readonly inputJson: string }
  /** A block that arrives whole, as the results of server tools do. */
  | { readonly type: 'whole'; readonly block: Json }

/** What a behaviour has to say; ids, usage and verdicts follow from the request. */
export interface Content {
  readonly blocks: readonly AnswerBlock[]
  readonly stopReason?: string
  readonly stopSequence?: string
  readonly ending?: Json
  readonly webSearches?: number
}

/** Makes an answer of some content: counts it, cuts it at `max_tokens`, and judges its tool calls when asked to. */
export function answer(ask: Ask, content: Content): Answer {
  const { blocks, whole } = fit(content.blocks, ask.maxTokens)
  const output = blocks.reduce((total, block) => total + countOutput(block), 0)
  const thinking = blocks.reduce((total, block) => total + (block.type === 'thinking' ? block.tokens : 0), 0)
  const callsTools = blocks.some(({ type }) => type === 'tool_use')
  return {
    id: `msg_${id(ask, 'message')}`,
    model: ask.model,
    content: blocks,
    stopReason: whole ? (content.stopReason ?? (callsTools ? 'tool_use' : 'end_turn')) : 'max_tokens',
    stopSequence: whole ? content.stopSequence : undefined,
    usage: { ...measureInput(ask), output, thinking, webSearches: content.webSearches ?? 0 },
    ending: {
      ...content.ending,
      ...(ask.safeguards && callsTools ? verdicts(blocks, 'not_flagged', content.ending) : {}),
    },
  }
}

/** A thinking block, if the client lets the model think; its text stays empty where the client wants none. */
export function think(ask: Ask, thoughts: string): AnswerBlock[] {
  if (ask.thinking === 'none') return []
  return [
    {
      type: 'thinking',
      thinking: ask.thinking === 'shown' ? thoughts : '',
      signature: Buffer.from(`${ask.seed}${id(ask, 'signature')}`.repeat(3)).toString('base64'),
      tokens: countTokens(thoughts),
    },
  ]
}

/** The `ordinal`-th tool call of an answer. */
export function callTool(ask: Ask, ordinal: number, name: string, input: Json): AnswerBlock {
  return { type: 'tool_use', id: toolId(ask, ordinal), name, inputJson: JSON.stringify(input) }
}

/** The id of the `ordinal`-th tool call: the same request calls under the same ids. */
export function toolId(ask: Ask, ordinal: number): string {
  return `toolu_${id(ask, `tool ${ordinal}`)}`
}

/** The provider's shape for verdicts on tool calls, keyed by their ids. */
export function verdicts(blocks: readonly AnswerBlock[], outcome: 'not_flagged' | 'flagged', given: Json = {}): Json {
  if ('safeguard_results' in given) return {}
  const calls = blocks.flatMap((block) =>
    block.type === 'tool_use' ? [[block.id, { type: 'evaluated', outcome }]] : [],
  )
  return {
    safeguard_results: [
      { type: 'dangerous_tool_use', status: { type: 'available', tool_uses: Object.fromEntries(calls) } },
    ],
  }
}

/** `usage` on the wire. */
export function wireUsage(usage: TokenUsage): Json {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite5m,
      ephemeral_1h_input_tokens: usage.cacheWrite1h,
    },
    output_tokens: usage.output,
    ...(usage.thinking > 0 ? { output_tokens_details: { thinking_tokens: usage.thinking } } : {}),
    ...(usage.webSearches > 0
      ? { server_tool_use: { web_search_requests: usage.webSearches, web_fetch_requests: 0 } }
      : {}),
    service_tier: 'standard',
  }
}

/** Output tokens of one block. */
export function countOutput(block: AnswerBlock): number {
  switch (block.type) {
    case 'text':
      return countTokens(block.text)
    case 'thinking':
      return block.tokens
    case 'tool_use':
    case 'server_tool_use':
      return countTokens(block.name + block.inputJson)
    case 'whole':
      return 0
  }
}

/** 24 characters that look like the provider's ids and follow from the request. */
export function id({ seed }: Seeded, what: string): string {
  return `01${createHash('sha256').update(`${seed} ${what}`).digest('hex').slice(0, 22)}`
}

/** Drops what goes beyond `max_tokens`; only text can be cut inside. */
function fit(blocks: readonly AnswerBlock[], maxTokens: number): { blocks: AnswerBlock[]; whole: boolean } {
  const kept: AnswerBlock[] = []
  let left = maxTokens
  for (const block of blocks) {
    const tokens = countOutput(block)
    if (tokens > left) {
      if (block.type === 'text' && left > 0) kept.push({ type: 'text', text: cutText(block.text, left) })
      return { blocks: kept, whole: false }
    }
    kept.push(block)
    left -= tokens
  }
  return { blocks: kept, whole: true }
}

/** The longest beginning of the text that is no more than so many tokens, without half a character at its end. */
function cutText(text: string, tokens: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, tokens * 4)).replace(/\uFFFD+$/, '')
}

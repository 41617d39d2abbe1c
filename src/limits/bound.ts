import {
  type KnownEnds,
  type Member,
  type TopLevel,
  JsonError,
  elementsOf,
  knownEnds,
  mayHave,
  membersOf,
  readInteger,
  readNestedString,
  readString,
} from '../core/json.ts'
import { NO_USAGE, type ReportedUsage } from '../core/usage.ts'

/*
 * The most that one call may use, read off its body before anybody has counted a token. A hard budget is never passed as long as this holds:
 *
 * - A tokenizer makes at most one token of a byte of text, and JSON needs at least as many bytes as the text that it carries. Thinking comes back
 *   as a signature that is at least as long as the thinking itself.
 * - What a provider adds by itself (the prompt around tools, marks between messages) is less than FRAME_TOKENS.
 * - A picture is scaled down to at most IMAGE_TOKENS; what a document comes to nobody can tell from outside.
 * - No prompt is larger than the model's context window. Work at the provider (searches, code) reads at most one window more than it was sent, and
 *   a compaction two more. What other models do for the call (other-models.ts) is bounded beside it.
 * - An answer has at most `max_tokens`, thinking included.
 * - Input is charged at the dearest price that the body allows: that of writing to the cache, for an hour if it asks for one.
 */

/** What a body asks for, as far as it decides what the call may come to. */
export interface Demand {
  /** Tokens of input by the size of the body alone, without the provider's frame and the bound of the window. */
  readonly weight: number
  /** Tokens of input at most. */
  readonly inputTokens: number
  /** Tokens of output at most, thinking included. */
  readonly outputTokens: number
  /** The part of them that the body sets aside for thinking; 0 when the model decides by itself. */
  readonly thinkingTokens: number
  /** How long the body asks for its input to be kept: decides the dearest price of input. */
  readonly cache: 'none' | '5m' | '1h'
  /** Tools run at the provider and add to the input while the answer is written. */
  readonly inputGrows: boolean
  readonly searches: number
  readonly speed: string
  readonly geography: string | undefined
}

/** What a model takes and gives at most, in tokens. */
export interface ModelSize {
  readonly contextTokens: number
  readonly outputTokens: number
}

/** More than any provider is known to add to a prompt by itself; it also covers the cache marks that move between two turns. */
export const FRAME_TOKENS = 1_000

/** Of a picture in the highest resolution that any model takes. */
const IMAGE_TOKENS = 5_000

/** How often a model searches when the tool sets no `max_uses`. */
const SEARCHES_MAX = 20

/** Reads the demand of a body. Never throws: what cannot be read is taken at its dearest. */
export function readDemand({ bytes, members }: Body, size: ModelSize): Demand {
  const work = readProviderWork(bytes, members)
  const weight = weighBody({ bytes, members })
  const inputGrows = work.windows > 0
  return {
    weight,
    inputTokens: inputGrows ? work.windows * size.contextTokens : Math.min(weight + FRAME_TOKENS, size.contextTokens),
    outputTokens: Math.max(0, readInteger(bytes, members.find('max_tokens')) ?? size.outputTokens),
    thinkingTokens: readThinking(bytes, members),
    cache: readCache(members),
    inputGrows,
    searches: work.searches,
    speed: readString(bytes, members.find('speed')) ?? 'standard',
    geography: readString(bytes, members.find('inference_geo')),
  }
}

/** Tokens of a call that has not been made. */
export interface Supposed {
  /** New to the provider. */
  readonly input: number
  /** Read from its cache. */
  readonly cacheRead?: number
  readonly output: number
}

/** The same call as if an answer had reported it, so that the price table's own rules price it. New input is written to the cache, if any is. */
export function asReport(demand: Demand, { input, cacheRead = 0, output }: Supposed): ReportedUsage {
  const { cache, searches, speed, geography } = demand
  const tokens = {
    ...NO_USAGE,
    input: cache === 'none' ? input : 0,
    cacheWrite5m: cache === '5m' ? input : 0,
    cacheWrite1h: cache === '1h' ? input : 0,
    cacheRead,
    output,
    webSearches: searches,
  }
  return { tokens, steps: [{ model: undefined, kind: 'message', tokens }], speed, geography, serviceTier: undefined }
}

interface Body {
  readonly bytes: Buffer
  readonly members: TopLevel
}

function readCache(members: TopLevel): Demand['cache'] {
  if (!mayHave(members, 'cache_control') && members.find('cache_control') === undefined) return 'none'
  return mayHave(members, '1h') ? '1h' : '5m'
}

function readThinking(bytes: Buffer, members: TopLevel): number {
  const thinking = members.find('thinking')
  if (thinking === undefined) return 0
  try {
    const budget = membersOf(bytes, thinking.valueStart, knownEnds()).findLast(({ name }) => name === 'budget_tokens')
    return Math.max(0, readInteger(bytes, budget) ?? 0)
  } catch (error) {
    return unreadable(error, 0)
  }
}

/** One token for each byte, but for pictures, whose bytes are no text. Infinity with a document in it, of which nobody can tell from outside. */
export function weighBody({ bytes, members }: Body): number {
  const messages = members.find('messages')
  if (messages === undefined) return bytes.length
  if (!mayHave(members, 'image') && !mayHave(members, 'document')) return bytes.length
  try {
    const ends = knownEnds(members)
    let media = 0
    for (const { start } of elementsOf(bytes, messages.valueStart, ends)) {
      const content = find(membersOf(bytes, start, ends), 'content')
      if (content !== undefined) media += weighBlocks(bytes, content.valueStart, ends)
    }
    return bytes.length + media
  } catch (error) {
    return unreadable(error, Infinity)
  }
}

/** What the pictures and documents in a list of blocks weigh beyond their bytes, or, as a negative number, less. */
function weighBlocks(bytes: Buffer, list: number, ends: KnownEnds): number {
  let media = 0
  for (const { start } of elementsOf(bytes, list, ends)) {
    const block = membersOf(bytes, start, ends)
    const type = readText(bytes, find(block, 'type'))
    if (type === 'image') {
      media += IMAGE_TOKENS - dataBytes(bytes, find(block, 'source'), ends)
    } else if (type === 'document') {
      if (!isPlainDocument(bytes, find(block, 'source'), ends)) media = Infinity
    } else if (type === 'tool_result') {
      const content = find(block, 'content')
      if (content !== undefined) media += weighBlocks(bytes, content.valueStart, ends)
    } else if (mayHoldMedia(bytes, block, type)) media = Infinity
  }
  return media
}

/** A page that was fetched at the provider comes back as a document within a result, and there will be more such blocks. */
function mayHoldMedia(bytes: Buffer, block: readonly Member[], type: string | undefined): boolean {
  if (type !== undefined && PLAIN_BLOCKS.has(type)) return false
  const content = find(block, 'content')
  return hasWord(bytes, content, '"document"') || hasWord(bytes, content, '"image"')
}

/** Their words are in the body, and nothing else. */
const PLAIN_BLOCKS: ReadonlySet<string> = new Set([
  'text',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'server_tool_use',
  'mcp_tool_use',
])

function dataBytes(bytes: Buffer, source: Member | undefined, ends: KnownEnds): number {
  if (source === undefined) return 0
  const parts = membersOf(bytes, source.valueStart, ends)
  const data = find(parts, 'data')
  return data === undefined || readText(bytes, find(parts, 'type')) !== 'base64' ? 0 : data.valueEnd - data.valueStart
}

/** Its text stands in the body, so its bytes bound it. */
function isPlainDocument(bytes: Buffer, source: Member | undefined, ends: KnownEnds): boolean {
  if (source === undefined) return true
  return readText(bytes, find(membersOf(bytes, source.valueStart, ends), 'type')) === 'text'
}

interface ProviderWork {
  /** Context windows of input that the work may come to; 0 when there is none. */
  readonly windows: number
  readonly searches: number
}

const SEARCH = /^web_(?:search|fetch)_\d/
/** What a client runs itself; of any other type that is written there nobody knows what the provider will do. */
const CLIENT_TOOL = /^(?:custom|(?:bash|text_editor|memory|computer)_\d+)$/

function readProviderWork(bytes: Buffer, members: TopLevel): ProviderWork {
  const compacts = hasWord(bytes, members.find('context_management'), 'compact')
  const asksServers = (members.find('mcp_servers')?.valueEnd ?? 0) - (members.find('mcp_servers')?.valueStart ?? 0) > 2
  const tools = members.find('tools')
  // All that run at the provider carry a date in their type, or are sets of tools.
  const mayHaveTools = hasWord(bytes, tools, '_20') || hasWord(bytes, tools, '_toolset')
  const found = tools !== undefined && mayHaveTools ? readTools(bytes, tools) : { works: false, searches: 0 }
  const windows = (found.works || asksServers ? 1 : 0) + (compacts ? 2 : 0)
  return { windows, searches: found.searches }
}

function readTools(bytes: Buffer, tools: Member): { works: boolean; searches: number } {
  const found = { works: false, searches: 0 }
  try {
    const ends = knownEnds()
    for (const { start } of elementsOf(bytes, tools.valueStart, ends)) {
      const tool = membersOf(bytes, start, ends)
      const type = readText(bytes, find(tool, 'type')) ?? ''
      if (SEARCH.test(type)) found.searches += Math.max(0, readInteger(bytes, find(tool, 'max_uses')) ?? SEARCHES_MAX)
      if (type !== '' && !CLIENT_TOOL.test(type)) found.works = true
    }
    return found
  } catch (error) {
    return unreadable(error, { works: true, searches: SEARCHES_MAX })
  }
}

/** Whether a member may have this word in it, or letters written as escapes that may be one: a cheap look before an exact one. */
function hasWord(bytes: Buffer, member: Member | undefined, word: string): boolean {
  if (member === undefined) return false
  const value = bytes.subarray(member.valueStart, member.valueEnd)
  return value.includes(word) || value.includes('\\u00')
}

function find(members: readonly Member[], name: string): Member | undefined {
  return members.findLast((member) => member.name === name)
}

function readText(bytes: Buffer, member: Member | undefined): string | undefined {
  return member === undefined ? undefined : readNestedString(bytes, member.valueStart)
}

/** A value that the scan let pass and that is broken all the same: the provider refuses it, or reads it in a way we cannot know. */
function unreadable<Value>(error: unknown, dearest: Value): Value {
  if (error instanceof JsonError) return dearest
  throw error
}

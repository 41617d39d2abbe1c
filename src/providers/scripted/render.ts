import { NO_USAGE, type TokenUsage } from '../../core/usage.ts'
import type { HeaderLines } from '../../core/headers.ts'
import { countOutput, id, wireUsage, type Answer, type AnswerBlock } from './answer.ts'
import { countTokens } from './measure.ts'
import type { Ask, Json, Seeded } from './request.ts'
import type { BytesStep, Scene } from './scene.ts'

/** One server-sent event before it is written, with what has been billed once it is out. */
export interface StreamEvent {
  readonly name: string
  readonly data: string
  readonly billed: TokenUsage
}

/** Plays an answer the way it was asked for: as a stream of events or as one JSON document. */
export function render(ask: Ask, answer: Answer): Scene {
  return ask.streaming ? streamScene(ask, toEvents(answer)) : jsonScene(ask, 200, toMessage(answer), answer.usage)
}

/** A scene that streams events, each as one step. */
export function streamScene(ask: Seeded, events: readonly StreamEvent[]): Scene {
  return { steps: [streamHead(ask), ...events.map(writeEvent), { kind: 'end' }] }
}

/** A scene with one JSON document. */
export function jsonScene(
  ask: Seeded,
  status: number,
  json: string,
  billed: TokenUsage = NO_USAGE,
  more: HeaderLines = [],
): Scene {
  const bytes = Buffer.from(json)
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    String(bytes.length),
    ...identity(ask),
    ...more,
  ]
  return { steps: [{ kind: 'head', status, headers }, { kind: 'bytes', bytes, billed }, { kind: 'end' }] }
}

/** The head of a stream. */
export function streamHead(ask: Seeded, more: HeaderLines = []): Scene['steps'][number] {
  const headers = [
    'content-type',
    'text/event-stream; charset=utf-8',
    'cache-control',
    'no-cache',
    ...identity(ask),
    ...more,
  ]
  return { kind: 'head', status: 200, headers }
}

/** Every answer of the provider names the request and the organisation that pays. */
export function identity(ask: Seeded): string[] {
  return ['request-id', requestId(ask), 'anthropic-organization-id', '00000000-0000-4000-8000-00000000cafe']
}

export function requestId(ask: Seeded): string {
  return `req_${id(ask, 'request')}`
}

export function writeEvent({ name, data, billed }: StreamEvent): BytesStep {
  return { kind: 'bytes', bytes: Buffer.from(`event: ${name}\ndata: ${data}\n\n`), billed }
}

/** The answer as one JSON document, its members in the provider's order. */
export function toMessage(answer: Answer): string {
  const content = answer.content.map(toBlock).join(',')
  const rest = {
    stop_reason: answer.stopReason,
    stop_sequence: answer.stopSequence ?? null,
    ...answer.ending,
    usage: wireUsage(answer.usage),
  }
  const model = JSON.stringify(answer.model)
  return `{"id":"${answer.id}","type":"message","role":"assistant","model":${model},"content":[${content}],${JSON.stringify(rest).slice(1)}`
}

function toBlock(block: AnswerBlock): string {
  switch (block.type) {
    case 'text':
      return JSON.stringify(block)
    case 'thinking':
      return JSON.stringify({ type: block.type, thinking: block.thinking, signature: block.signature })
    case 'tool_use':
    case 'server_tool_use': {
      const { type, id: callId, name } = block
      return `${JSON.stringify({ type, id: callId, name }).slice(0, -1)},"input":${block.inputJson}}`
    }
    case 'whole':
      return JSON.stringify(block.block)
  }
}

/** The answer as a stream: usage of the input at the start, cumulative usage at the end, as the provider reports it. */
export function toEvents(answer: Answer): StreamEvent[] {
  const opening = { ...answer.usage, output: 1, thinking: 0, webSearches: 0 }
  const events: StreamEvent[] = []
  let output = 0
  const push = (name: string, members: Json) => {
    const billed = { ...opening, output: Math.max(1, Math.min(output, answer.usage.output)) }
    events.push({ name, data: JSON.stringify({ type: name, ...members }), billed })
  }

  push('message_start', {
    message: { ...EMPTY_MESSAGE, id: answer.id, model: answer.model, usage: wireUsage(opening) },
  })
  push('ping', {})
  answer.content.forEach((block, index) => {
    const before = output
    push('content_block_start', { index, content_block: startOf(block) })
    for (const delta of deltasOf(block)) {
      output = Math.min(output + delta.tokens, before + countOutput(block))
      push('content_block_delta', { index, delta: delta.members })
    }
    output = before + countOutput(block)
    push('content_block_stop', { index })
  })
  const ending = { stop_reason: answer.stopReason, stop_sequence: answer.stopSequence ?? null, ...answer.ending }
  const last = { delta: ending, usage: wireUsage(answer.usage) }
  events.push({ name: 'message_delta', data: JSON.stringify({ type: 'message_delta', ...last }), billed: answer.usage })
  events.push({ name: 'message_stop', data: '{"type":"message_stop"}', billed: answer.usage })
  return events
}

const EMPTY_MESSAGE = {
  id: '',
  type: 'message',
  role: 'assistant',
  model: '',
  content: [],
  stop_reason: null,
  stop_sequence: null,
}

function startOf(block: AnswerBlock): Json {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: '' }
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' }
    case 'tool_use':
    case 'server_tool_use':
      return { type: block.type, id: block.id, name: block.name, input: {} }
    case 'whole':
      return block.block
  }
}

interface Delta {
  readonly members: Json
  readonly tokens: number
}

function deltasOf(block: AnswerBlock): Delta[] {
  switch (block.type) {
    case 'text':
      return pieces(block.text).map((text) => ({ members: { type: 'text_delta', text }, tokens: countTokens(text) }))
    case 'thinking':
      return [
        ...pieces(block.thinking).map((thinking) => ({
          members: { type: 'thinking_delta', thinking },
          tokens: countTokens(thinking),
        })),
        { members: { type: 'signature_delta', signature: block.signature }, tokens: 0 },
      ]
    case 'tool_use':
    case 'server_tool_use':
      return ['', ...pieces(block.inputJson)].map((json) => ({
        members: { type: 'input_json_delta', partial_json: json },
        tokens: countTokens(json),
      }))
    case 'whole':
      return []
  }
}

/** About eight tokens an event, which is what the provider sends on average; a huge block comes in larger pieces. */
function pieces(text: string): string[] {
  const size = text.length > 1_000_000 ? 4096 : 32
  const cut: string[] = []
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + size, text.length)
    // A character outside the basic plane is two units; half of one cannot be written as UTF-8.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end += 1
    cut.push(text.slice(at, end))
    at = end
  }
  return cut
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

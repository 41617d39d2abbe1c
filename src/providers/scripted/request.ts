import { createHash } from 'node:crypto'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { isObject } from '../../core/is-object.ts'
import { header, type HeaderLines } from '../../core/headers.ts'

/** A request as it reaches the scripted provider. */
export interface ScriptRequest {
  readonly endpoint: 'messages' | 'count_tokens'
  readonly headers: HeaderLines
  readonly body: Buffer
  /** Plays this model's behaviour instead of that of the one the body names. */
  readonly playAs?: string
}

/** What the scripts read of a Messages request. Unknown members are accepted and ignored, as the provider does. */
export interface Ask extends Seeded {
  readonly model: string
  readonly streaming: boolean
  readonly maxTokens: number
  readonly tools: readonly Tool[]
  readonly toolChoice: ToolChoice
  readonly system: readonly Block[]
  readonly messages: readonly Message[]
  /** Whether the client lets the model think, and wants to see it. */
  readonly thinking: 'none' | 'hidden' | 'shown'
  /** The client asks for a verdict on every tool call: the `dangerous_tool_use` safeguard. */
  readonly safeguards: boolean
  /** `output_config.format.schema`: the answer must be JSON of this shape. */
  readonly schema: Json | undefined
  readonly stopSequences: readonly string[]
  /** Claude Code names the sub-agent that asks in a header; the main loop has none. */
  readonly agentId: string | undefined
}

/** Whatever ids can be drawn from. */
export interface Seeded {
  /** A digest of the body: the same request gets the same ids. */
  readonly seed: string
}

export interface Message {
  readonly role: string
  readonly content: readonly Block[]
}

/** A content block; a plain string counts as one text block. */
export type Block = Readonly<Record<string, unknown>>

export interface Tool {
  readonly name: string
  /** Undefined for a tool of the client's own; otherwise a server tool such as `web_search_20250305`. */
  readonly type: string | undefined
  readonly inputSchema: Json
  /** As it stood in the request, for measuring. */
  readonly block: Block
}

export type ToolChoice = { readonly kind: 'auto' | 'any' | 'none' } | { readonly kind: 'tool'; readonly name: string }

export type Json = Readonly<Record<string, unknown>>

/** The provider's own limit for a Messages request is 32 MB. */
const BODY_BYTES_MAX = 32 * 1024 * 1024

/** Reads a request; a string says what is wrong with it, in the words of the provider's 400. */
export function readAsk(request: ScriptRequest): Ask | string {
  const body = parse(request)
  if (body === undefined) return 'The request body is not valid JSON.'
  const { model, max_tokens: maxTokens, messages } = body
  if (typeof model !== 'string' || model === '') return 'model: Field required'
  if (!Array.isArray(messages) || messages.length === 0) return 'messages: at least one message is required'
  if (request.endpoint === 'messages' && !(typeof maxTokens === 'number' && maxTokens > 0)) {
    return 'max_tokens: Field required'
  }
  const format = object(object(body['output_config'])['format'])
  return {
    model,
    streaming: body['stream'] === true,
    maxTokens: typeof maxTokens === 'number' ? maxTokens : 0,
    tools: list(body['tools']).map(readTool),
    toolChoice: readToolChoice(object(body['tool_choice'])),
    system: blocks(body['system']),
    messages: messages.map((message) => readMessage(object(message))),
    thinking: readThinking(object(body['thinking'])),
    safeguards: list(body['safeguards']).some((safeguard) => object(safeguard)['type'] === 'dangerous_tool_use'),
    schema: format['type'] === 'json_schema' ? object(format['schema']) : undefined,
    stopSequences: list(body['stop_sequences']).filter((sequence) => typeof sequence === 'string'),
    agentId: header(request.headers, 'x-claude-code-agent-id'),
    seed: seedOf(request),
  }
}

export function seedOf({ body }: ScriptRequest): string {
  return createHash('sha256').update(body).digest('hex')
}

function parse({ headers, body }: ScriptRequest): Json | undefined {
  if (body.length > BODY_BYTES_MAX) return undefined
  try {
    const value: unknown = JSON.parse(decompress(body, header(headers, 'content-encoding')).toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A gateway passes a compressed body on as it came, so it has to be read here. Throws for what it does not know. */
function decompress(body: Buffer, encoding = 'identity'): Buffer {
  const limit = { maxOutputLength: BODY_BYTES_MAX }
  switch (encoding) {
    case 'identity':
      return body
    case 'gzip':
      return gunzipSync(body, limit)
    case 'deflate':
      return inflateSync(body, limit)
    case 'br':
      return brotliDecompressSync(body, limit)
    case 'zstd':
      return zstdDecompressSync(body, limit)
    default:
      throw new RangeError(`No way to read ${encoding}`)
  }
}

function readTool(value: unknown): Tool {
  const block = object(value)
  const type = block['type']
  return {
    name: String(block['name']),
    type: typeof type === 'string' && type !== 'custom' ? type : undefined,
    inputSchema: object(block['input_schema']),
    block,
  }
}

function readToolChoice(choice: Json): ToolChoice {
  const { type, name } = choice
  if (type === 'tool' && typeof name === 'string') return { kind: 'tool', name }
  return { kind: type === 'any' || type === 'none' ? type : 'auto' }
}

function readMessage(message: Json): Message {
  return { role: String(message['role']), content: blocks(message['content']) }
}

function readThinking(thinking: Json): Ask['thinking'] {
  if (thinking['type'] !== 'adaptive' && thinking['type'] !== 'enabled') return 'none'
  return thinking['display'] === 'omitted' ? 'hidden' : 'shown'
}

function blocks(content: unknown): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : list(content).map(object)
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value if it is an object, else an empty one. */
export function object(value: unknown): Json {
  return isObject(value) ? value : {}
}

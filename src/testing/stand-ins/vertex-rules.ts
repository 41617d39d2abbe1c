import { header, type HeaderLines } from '../../core/headers.ts'

/*
 * What Google's deployment of Claude takes, written out from its pages and from refusals that were seen. On purpose it shares nothing with the
 * product's own tables: it is their judge.
 */

export interface Problem {
  /** Who says it: the platform in Google's shape, the model in Anthropic's. */
  readonly by: 'platform' | 'model'
  readonly text: string
}

const BETAS = [
  /^interleaved-thinking-/,
  /^tool-search-tool-2025-10-19$/,
  /^thinking-token-count-/,
  /^web-search-2025-03-05$/,
  /^context-1m-/,
  /^context-management-/,
  /^compact-/,
  /^computer-use-/,
  /^per-turn-control/,
  /^thinking-binding-controls/,
  /^thinking-display-updates/,
  /^claude-code-/,
  /^effort-/,
]

/** Refused when tokens are counted, though the same model takes them for messages. */
const NOT_WHEN_COUNTING = [/^tool-search-tool-/, /^web-search-/]

export function judgeVertexBetas(headers: HeaderLines, endpoint: 'messages' | 'count_tokens'): Problem | undefined {
  const refused = betasOf(headers).filter(
    (beta) =>
      !BETAS.some((known) => known.test(beta)) ||
      (endpoint === 'count_tokens' && NOT_WHEN_COUNTING.some((known) => known.test(beta))),
  )
  if (refused.length === 0) return undefined
  const names = refused.map((beta) => `\`${beta}\``).join(', ')
  return {
    by: 'model',
    text: `Unexpected value(s) ${names} for the \`anthropic-beta\` header. Please consult our documentation at docs.anthropic.com or try again without the header.`,
  }
}

const FIELDS = new Set([
  'anthropic_version',
  'cache_control',
  'context_management',
  'max_tokens',
  'messages',
  'metadata',
  'output_config',
  'stop_sequences',
  'stream',
  'system',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
])

const MESSAGE_FIELDS = new Set(['role', 'content'])
const CACHE_CONTROL_FIELDS = new Set(['type', 'ttl'])

/** Tools that run at the client; of those that run at the provider only the first web search exists. */
const TOOL_TYPES = /^(custom|bash_|text_editor_|computer_|memory_|tool_search_tool_|web_search_20250305$)/

/** Models that take a message with the role `system`. */
const TAKES_SYSTEM_ROLE = /^claude-(opus-4-8|(opus|sonnet|haiku|fable|mythos)-5)/

const BYTES_MAX = 30 * 1024 * 1024

interface Judged {
  readonly document: Readonly<Record<string, unknown>>
  readonly bytes: number
  readonly endpoint: 'messages' | 'count_tokens'
  /** As the path has it. */
  readonly model: string
  /** As the path has it. */
  readonly streaming: boolean
  readonly headers: HeaderLines
}

export function judgeVertexBody({ document, bytes, endpoint, model, streaming, headers }: Judged): Problem | undefined {
  if (bytes > BYTES_MAX) return platform(`The request size (${bytes} bytes) exceeds 30.000MB limit.`)
  if (header(headers, 'anthropic-version') !== undefined)
    return platform('anthropic-version is not a header of this API.')
  const version = document['anthropic_version']
  if (version !== 'vertex-2023-10-16' && version !== '2026-10-21') return model400('anthropic_version: Field required')
  const isCount = endpoint === 'count_tokens'
  if (isCount && typeof document['model'] !== 'string') return model400('model: Field required')
  if (!isCount && (document['stream'] === true) !== streaming) {
    return platform(`stream has to be ${streaming} for ${streaming ? 'streamRawPredict' : 'rawPredict'}.`)
  }
  const asked = isCount ? String(document['model']) : model
  const strange = Object.keys(document).find(
    (name) => !FIELDS.has(name) && !(isCount && name === 'model') && !isFast(name, asked),
  )
  if (strange !== undefined) return extra(strange)
  const betas = betasOf(headers)
  if (
    !isCount &&
    'context_management' in document &&
    !betas.some((beta) => /^(context-management|compact)-/.test(beta))
  ) {
    return extra('context_management')
  }
  return (
    judgeTools(document['tools'], betas, isCount) ??
    judgeMessages(document['messages'], asked) ??
    judgeDeep(document, '')
  )
}

function judgeTools(tools: unknown, betas: readonly string[], isCount: boolean): Problem | undefined {
  for (const [at, tool] of list(tools).entries()) {
    const { type = 'custom' } = tool
    if (!TOOL_TYPES.test(String(type)))
      return model400(`tools.${at}: Input tag '${String(type)}' found using 'type' does not match`)
    if ('eager_input_streaming' in tool) return extra(`tools.${at}.custom.eager_input_streaming`)
    const searches = betas.some((beta) => beta.startsWith('tool-search-tool-'))
    if (!isCount && 'defer_loading' in tool && !searches) return extra(`tools.${at}.custom.defer_loading`)
  }
  return undefined
}

function judgeMessages(messages: unknown, model: string): Problem | undefined {
  for (const [at, message] of list(messages).entries()) {
    const strange = Object.keys(message).find((name) => !MESSAGE_FIELDS.has(name))
    if (strange !== undefined) return extra(`messages.${at}.${strange}`)
    if (message['role'] === 'system' && !TAKES_SYSTEM_ROLE.test(model)) {
      return model400(`messages.${at}: role 'system' is not supported on this model`)
    }
  }
  return undefined
}

/** What may stand anywhere: marks of the cache, and where an image comes from. Arguments of tools are nobody's business. */
function judgeDeep(value: unknown, path: string): Problem | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, inner] of Object.entries(value)) {
    const here = path === '' ? name : `${path}.${name}`
    if (name === 'input' || name === 'input_schema' || name === 'metadata') continue
    if (name === 'cache_control' && typeof inner === 'object' && inner !== null) {
      const strange = Object.keys(inner).find((field) => !CACHE_CONTROL_FIELDS.has(field))
      if (strange !== undefined) return extra(`${here}.${strange}`)
    }
    if (name === 'source' && typeof inner === 'object' && inner !== null) {
      const { type } = inner as { readonly type?: unknown }
      if (type === 'file' || type === 'url') return model400(`${here}: ${type} sources are not supported`)
    }
    const problem = judgeDeep(inner, here)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Fast mode exists for one model. */
function isFast(name: string, model: string): boolean {
  return name === 'speed' && model.startsWith('claude-fable-5-2')
}

function betasOf(headers: HeaderLines): string[] {
  const betas: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]!.toLowerCase() !== 'anthropic-beta') continue
    betas.push(
      ...headers[at + 1]!.split(',')
        .map((beta) => beta.trim())
        .filter((beta) => beta !== ''),
    )
  }
  return betas
}

function list(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? (value as Readonly<Record<string, unknown>>[]) : []
}

function extra(path: string): Problem {
  return model400(`${path}: Extra inputs are not permitted`)
}

function model400(text: string): Problem {
  return { by: 'model', text }
}

function platform(text: string): Problem {
  return { by: 'platform', text }
}

/*
 * What Bedrock takes of a Messages body, written out from its pages and from refusals that were seen. On purpose it shares nothing with the
 * product's own tables: it is their judge.
 */

const BETAS = [
  /^interleaved-thinking-/,
  /^tool-search-tool-2025-10-19$/,
  /^thinking-token-count-2026-05-13$/,
  /^context-1m-2025-08-07$/,
  /^context-management-2025-06-27$/,
  /^compact-2026-01-12$/,
  /^effort-2025-11-24$/,
  /^fine-grained-tool-streaming-/,
  /^computer-use-/,
  /^thinking-binding-controls-2026-08-01$/,
  /^thinking-display-updates-2026-08-18$/,
  /^mid-conversation-/,
]

const FIELDS = new Set([
  'anthropic_beta',
  'anthropic_version',
  'cache_control',
  'context_management',
  'max_tokens',
  'messages',
  'metadata',
  'output_config',
  'stop_sequences',
  'system',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
])

/** Models that take a message with the role `system`; Sonnet 5 is none of them. */
const TAKES_SYSTEM_ROLE = /claude-(opus-4-8|(opus|fable|mythos)-5|(sonnet|haiku)-5-5)/

const CLIENT_TOOLS = /^(custom|bash_|text_editor_|computer_|memory_|tool_search_tool_)/

export interface Judged {
  readonly document: Readonly<Record<string, unknown>>
  /** As the path or the body has it. */
  readonly model: string
  readonly betas: readonly string[]
  /** The Messages endpoints take `model` and `stream` in the body, and no version there. */
  readonly surface: 'invoke' | 'messages'
}

/** The text of the refusal; undefined for a request that is served. */
export function judgeBedrock({ document, model, betas, surface }: Judged): string | undefined {
  if (surface === 'invoke' && !/^(bedrock-2023-05-31|2026-10-21)$/.test(String(document['anthropic_version']))) {
    return 'anthropic_version: Field required'
  }
  if (betas.some((beta) => !BETAS.some((known) => known.test(beta)))) return 'invalid beta flag'
  if (typeof document['max_tokens'] !== 'number') return 'max_tokens: Field required'
  const inBody = surface === 'invoke' ? FIELDS : new Set([...FIELDS, 'model', 'stream'])
  const strange = Object.keys(document).find((name) => !inBody.has(name))
  if (strange !== undefined) return extra(strange)
  return judgeTools(document['tools'], betas) ?? judgeMessages(document['messages'], model) ?? judgeDeep(document, '')
}

function judgeTools(tools: unknown, betas: readonly string[]): string | undefined {
  for (const [at, tool] of list(tools).entries()) {
    const { type = 'custom' } = tool
    if (!CLIENT_TOOLS.test(String(type)))
      return `tools.${at}: Input tag '${String(type)}' found using 'type' does not match`
    if ('eager_input_streaming' in tool) return extra(`tools.${at}.custom.eager_input_streaming`)
    if ('defer_loading' in tool && !betas.some((beta) => beta.startsWith('tool-search-tool-'))) {
      return extra(`tools.${at}.custom.defer_loading`)
    }
  }
  return undefined
}

function judgeMessages(messages: unknown, model: string): string | undefined {
  for (const [at, message] of list(messages).entries()) {
    const strange = Object.keys(message).find((name) => name !== 'role' && name !== 'content')
    if (strange !== undefined) return extra(`messages.${at}.${strange}`)
    if (message['role'] === 'system' && !TAKES_SYSTEM_ROLE.test(model)) {
      return `messages.${at}: role 'system' is not supported on this model`
    }
  }
  return undefined
}

/** `cache_control` may have a life, and no reach; sources are bytes. */
function judgeDeep(value: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, inner] of Object.entries(value)) {
    const here = path === '' ? name : `${path}.${name}`
    if (name === 'cache_control' && isRecord(inner) && 'scope' in inner) return extra(`${here}.ephemeral.scope`)
    if (name === 'source' && isRecord(inner) && (inner['type'] === 'url' || inner['type'] === 'file')) {
      return `${here}: ${inner['type']} sources are not supported`
    }
    // What a tool takes, and was given, is its own affair.
    const problem = name === 'input_schema' || name === 'input' ? undefined : judgeDeep(inner, here)
    if (problem !== undefined) return problem
  }
  return undefined
}

function extra(path: string): string {
  return `${path}: Extra inputs are not permitted`
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

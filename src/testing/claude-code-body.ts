import { createHash } from 'node:crypto'

export interface ClaudeCodeBodyOptions {
  /** Finished tool turns before this request; 0 is a session's first request. */
  readonly turns?: number
  /** Of the whole body; tool results grow until it is reached. The least a body can have is about 30 KB. */
  readonly bytes?: number
  readonly model?: string
  readonly stream?: boolean
  /** Another session, with another text in every block. */
  readonly seed?: number
}

/**
 * A request body in the shape and size that Claude Code sends: the same members in the same order, three system blocks,
 * a dozen tools, a system message inside the conversation, tool turns, and the cache mark on the newest message. The words
 * are filler. A body of a later turn continues the body of an earlier one of the same seed.
 */
export function claudeCodeBody(options: ClaudeCodeBodyOptions = {}): Buffer {
  const { turns = 0, bytes = 0, model = 'claude-opus-5-5', stream = true, seed = 1 } = options
  const write = (resultBytes: number) =>
    Buffer.from(
      JSON.stringify({
        model,
        messages: conversation(turns, resultBytes, seed),
        system: [
          { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.330.abc; cc_entrypoint=sdk-cli;' },
          { type: 'text', text: filler(60, seed), cache_control: MARK },
          { type: 'text', text: filler(6_500, seed + 1), cache_control: MARK },
        ],
        tools: TOOLS.map((name, at) => tool(name, seed + at)),
        metadata: {
          user_id: JSON.stringify({ device_id: digest(seed), account_uuid: '', session_id: sessionId(seed) }),
        },
        max_tokens: 128_000,
        thinking: { type: 'adaptive', display: 'omitted' },
        context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
        output_config: { effort: 'medium' },
        stream,
      }),
    )
  const least = write(0)
  const missing = bytes - least.length
  if (missing <= 0 || turns === 0) return least
  return write(Math.ceil(missing / turns))
}

/** The bodies of one session, from its first request on; each continues the one before. */
export function claudeCodeSession({
  turns,
  bytes,
  ...rest
}: Required<Pick<ClaudeCodeBodyOptions, 'turns' | 'bytes'>> & ClaudeCodeBodyOptions): Buffer[] {
  const perTurn = Math.max(0, bytes - claudeCodeBody({ ...rest, turns }).length) / turns
  return Array.from({ length: turns + 1 }, (_, done) =>
    claudeCodeBody({
      ...rest,
      turns: done,
      bytes: claudeCodeBody({ ...rest, turns: done }).length + Math.floor(perTurn) * done,
    }),
  )
}

/** The small bodies that `/context` sends all at once: one per tool, then one per part of the prompt. */
export function countTokensBodies(model = 'claude-opus-5-5'): Buffer[] {
  return Array.from({ length: 26 }, (_, at) =>
    Buffer.from(
      JSON.stringify({
        model,
        messages: [{ role: 'user', content: 'foo' }],
        tools: [tool(TOOLS[at % TOOLS.length]!, at)],
      }),
    ),
  )
}

const MARK = { type: 'ephemeral' }

const TOOLS = [
  'Agent',
  'Bash',
  'Edit',
  'Glob',
  'Grep',
  'ListAgents',
  'Read',
  'Skill',
  'ToolSearch',
  'WebFetch',
  'WebSearch',
  'Write',
]

function tool(name: string, seed: number) {
  return {
    name,
    description: filler(1_200, seed),
    input_schema: {
      type: 'object',
      properties: { file_path: { type: 'string', description: filler(80, seed) }, limit: { type: 'integer' } },
      required: ['file_path'],
      additionalProperties: false,
    },
  }
}

function conversation(turns: number, resultBytes: number, seed: number) {
  const messages: object[] = [
    {
      role: 'user',
      content: [
        { type: 'text', text: `<system-reminder>\n${filler(1_500, seed)}\n</system-reminder>\n` },
        { type: 'text', text: 'Look at the project and say what you see.' },
      ],
    },
    { role: 'system', content: instructions(turns, seed), output_config: { effort: 'medium' } },
  ]
  for (let turn = 0; turn < turns; turn += 1) {
    const toolUseId = `toolu_01${digest(seed * 1_000 + turn).slice(0, 22)}`
    messages.push(
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: '', signature: Buffer.from(digest(turn)).toString('base64') },
          { type: 'tool_use', id: toolUseId, name: 'Read', input: { file_path: `/project/file-${turn}.ts` } },
        ],
      },
      {
        role: 'user',
        content: [
          {
            tool_use_id: toolUseId,
            type: 'tool_result',
            content: filler(Math.max(200, resultBytes), seed * 1_000 + turn),
            ...(turn === turns - 1 && { cache_control: MARK }),
          },
        ],
      },
    )
  }
  return messages
}

/** While it is the newest message it stands as a marked block; later as a plain string. */
function instructions(turns: number, seed: number) {
  const text = filler(3_000, seed + 2)
  return turns === 0 ? [{ type: 'text', text, cache_control: MARK }] : text
}

/** Prose of that many characters that begins differently for every seed, so that no two blocks are the same. */
function filler(characters: number, seed: number): string {
  const sentence = `${digest(seed).slice(0, 12)} is the beginning of a line that means nothing and goes on.\n`
  return sentence.repeat(Math.ceil(characters / sentence.length)).slice(0, characters)
}

function sessionId(seed: number): string {
  return `00000000-0000-4000-8000-${String(seed).padStart(12, '0')}`
}

function digest(seed: number): string {
  return createHash('sha256').update(String(seed)).digest('hex')
}

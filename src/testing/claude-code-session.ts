import { randomFrom, sourceText } from './source-text.ts'

export interface SessionOptions {
  /** Requests of the main agent. */
  readonly turns?: number
  /** Of the last of them. */
  readonly lastBytes?: number
  /** Agents that the main one starts, four requests each, which come between its own. */
  readonly agents?: number
  /** With the title request at its beginning and a burst of token counts in its middle. */
  readonly sideCalls?: boolean
  /** Another session, with other words. */
  readonly seed?: number
}

/** One request of a session, and its answer as a stream. */
export interface SessionRequest {
  readonly kind: 'main' | 'agent' | 'title' | 'count'
  readonly sessionId: string
  readonly agentId: string | undefined
  readonly body: Buffer
  /** Server-sent events; empty for a count of tokens. */
  readonly answer: Buffer
}

/**
 * The requests of one session in the shape in which Claude Code 2.1.330 sent them: sixty turns begin with 53 KB, end with
 * 1.1 MB and are 34 MB together, of which nearly everything repeats. Messages grow in front of 43 KB of system and tools; the
 * cache mark moves to the newest message, and a message of one block becomes a plain string when it loses the mark; tool
 * results are source code, and thinking comes with signatures that nothing compresses.
 */
export function sessionRequests(options: SessionOptions = {}): SessionRequest[] {
  const { turns = 60, lastBytes = 1_100_000, agents = 0, sideCalls = false, seed = 1 } = options
  const random = randomFrom(seed)
  const sessionId = `00000000-0000-4000-8000-${String(seed).padStart(12, '0')}`
  const tools = TOOL_NAMES.map((name) => tool(name, 2_600, random))
  const frame: Frame = { sessionId, instructions: sourceText(6_500, random), tools }
  const perTurn = Math.max(400, (lastBytes - 53_000) / Math.max(1, turns - 1) - 1_100)
  const main = conversation({ frame, turns, resultBytes: perTurn, kind: 'main', agentId: undefined, random })
  const children = Array.from({ length: agents }, (_, at) =>
    conversation({
      frame: { ...frame, instructions: sourceText(3_000, random), tools: tools.slice(0, 6) },
      turns: 4,
      resultBytes: 4_000,
      kind: 'agent',
      agentId: `agent-${seed}-${at + 1}`,
      random,
    }),
  )
  const requests = sideCalls ? [titleRequest(frame, random)] : []
  for (const [turn, request] of main.entries()) {
    requests.push(request)
    if (sideCalls && turn === Math.floor(turns / 2)) requests.push(...tokenCounts(frame))
    // Each agent begins some turns after the one before, and they run side by side.
    for (const [at, child] of children.entries()) {
      const next = child[turn - 2 - at * 2]
      if (next !== undefined) requests.push(next)
    }
  }
  return requests
}

interface Frame {
  readonly sessionId: string
  readonly instructions: string
  readonly tools: readonly object[]
}

interface Conversation {
  readonly frame: Frame
  readonly turns: number
  readonly resultBytes: number
  readonly kind: 'main' | 'agent'
  readonly agentId: string | undefined
  readonly random: () => number
}

function conversation({ frame, turns, resultBytes, kind, agentId, random }: Conversation): SessionRequest[] {
  const environment = sourceText(kind === 'main' ? 5_000 : 1_500, random)
  const messages: Message[] = [
    {
      role: 'user',
      content: [
        { type: 'text', text: `<system-reminder>\n${sourceText(1_500, random)}\n</system-reminder>\n` },
        { type: 'text', text: `Look at the project and say what ${hex(4, random)} does.` },
      ],
    },
    { role: 'system', content: [{ type: 'text', text: environment }], output_config: { effort: 'medium' } },
  ]
  return Array.from({ length: turns }, (_, turn) => {
    const call = {
      type: 'tool_use',
      id: `toolu_01${hex(11, random)}`,
      name: TOOL_NAMES[turn % 3]!,
      input: { file_path: `/project/src/part-${turn}.ts` },
    }
    const signature = signed(300, random)
    const text = turn % 4 === 3 ? sourceText(240, random).replaceAll(/\s+/g, ' ') : undefined
    const body = write(frame, messages)
    messages.push(
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: '', signature },
          ...(text === undefined ? [] : [{ type: 'text', text }]),
          call,
        ],
      },
      {
        role: 'user',
        content: [{ tool_use_id: call.id, type: 'tool_result', content: sourceText(resultBytes, random) }],
      },
    )
    return { kind, sessionId: frame.sessionId, agentId, body, answer: toolAnswer(signature, text, call, random) }
  })
}

interface Message {
  readonly role: string
  readonly content: readonly object[]
  readonly output_config?: object
}

function write({ sessionId, instructions, tools }: Frame, messages: readonly Message[]): Buffer {
  const sent = messages.map(({ role, content, ...rest }, at) => ({
    role,
    content: at === messages.length - 1 ? marked(content) : plain(role, content),
    ...rest,
  }))
  return Buffer.from(
    JSON.stringify({
      model: MODEL,
      messages: sent,
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.330.abc; cc_entrypoint=cli;' },
        { type: 'text', text: 'You are an agent that means nothing by its words.', cache_control: MARK },
        { type: 'text', text: instructions, cache_control: MARK },
      ],
      tools,
      metadata: { user_id: JSON.stringify({ device_id: 'd0'.repeat(32), account_uuid: '', session_id: sessionId }) },
      max_tokens: 128_000,
      thinking: { type: 'adaptive', display: 'omitted' },
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      output_config: { effort: 'medium' },
      stream: true,
    }),
  )
}

const MODEL = 'claude-opus-5-5'
const MARK = { type: 'ephemeral' }

function marked(content: readonly object[]): readonly object[] {
  return content.map((block, at) => (at === content.length - 1 ? { ...block, cache_control: MARK } : block))
}

/** A system message of one block stands as a string once it is not the newest. */
function plain(role: string, content: readonly object[]): unknown {
  const [block] = content
  return role === 'system' && block !== undefined && 'text' in block ? block.text : content
}

function titleRequest({ sessionId }: Frame, random: () => number): SessionRequest {
  const body = JSON.stringify({
    model: MODEL,
    messages: [{ role: 'user', content: [{ type: 'text', text: '<session>\nLook at the project.\n</session>\n' }] }],
    system: [{ type: 'text', text: sourceText(3_000, random) }],
    tools: [],
    max_tokens: 128_000,
    output_config: {
      effort: 'medium',
      format: {
        type: 'json_schema',
        schema: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
      },
    },
    stream: true,
  })
  const answer = stream([
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: '{"title":"A look at' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' the project"}' } },
    { type: 'content_block_stop', index: 0 },
  ])
  return { kind: 'title', sessionId, agentId: undefined, body: Buffer.from(body), answer }
}

function tokenCounts({ sessionId, tools }: Frame): SessionRequest[] {
  return Array.from({ length: 26 }, (_, at) => ({
    kind: 'count',
    sessionId,
    agentId: undefined,
    body: Buffer.from(
      JSON.stringify({
        model: MODEL,
        messages: [{ role: 'user', content: 'foo' }],
        tools: [tools[at % tools.length]],
      }),
    ),
    answer: Buffer.alloc(0),
  }))
}

function toolAnswer(
  signature: string,
  text: string | undefined,
  { input, ...call }: { readonly id: string; readonly name: string; readonly input: object },
  random: () => number,
): Buffer {
  const json = JSON.stringify(input)
  const blocks: [start: object, deltas: object[]][] = [
    [{ type: 'thinking', thinking: '', signature: '' }, [{ type: 'signature_delta', signature }]],
  ]
  if (text !== undefined) {
    blocks.push([
      { type: 'text', text: '' },
      inPieces(text, random).map((piece) => ({ type: 'text_delta', text: piece })),
    ])
  }
  blocks.push([
    { ...call, input: {} },
    inPieces(json, random).map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
  ])
  return stream(
    blocks.flatMap(([start, deltas], index) => [
      { type: 'content_block_start', index, content_block: start },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]),
  )
}

interface StreamEvent {
  readonly type: string
  readonly [member: string]: unknown
}

function stream(blocks: readonly StreamEvent[]): Buffer {
  const usage = { input_tokens: 3, cache_read_input_tokens: 12_000, output_tokens: 80 }
  const events = [
    {
      type: 'message_start',
      message: { id: 'msg_1', type: 'message', role: 'assistant', model: MODEL, content: [], usage },
    },
    ...blocks,
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage },
    { type: 'message_stop' },
  ]
  return Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''))
}

/** As a model writes: some letters at a time. */
function inPieces(text: string, random: () => number): string[] {
  const pieces: string[] = []
  for (let at = 0; at < text.length;) {
    const length = 3 + Math.floor(random() * 20)
    pieces.push(text.slice(at, at + length))
    at += length
  }
  return pieces
}

const TOOL_NAMES = [
  'Read',
  'Bash',
  'Edit',
  'Agent',
  'Glob',
  'Grep',
  'ListAgents',
  'Skill',
  'ToolSearch',
  'WebFetch',
  'WebSearch',
  'Write',
]

function tool(name: string, characters: number, random: () => number) {
  const describe = (length: number) => sourceText(length, random).replaceAll(/[\s"]+/g, ' ')
  return {
    name,
    description: describe(characters),
    input_schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        file_path: { type: 'string', description: describe(80) },
        limit: { type: 'integer', description: describe(200) },
      },
      required: ['file_path'],
      additionalProperties: false,
    },
  }
}

function hex(bytes: number, random: () => number): string {
  return Array.from({ length: bytes * 2 }, () => Math.floor(random() * 16).toString(16)).join('')
}

function signed(bytes: number, random: () => number): string {
  return Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256))).toString('base64')
}

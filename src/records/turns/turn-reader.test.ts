import { expect, test } from 'vitest'
import { claudeCodeBody } from '../../testing/claude-code-body.ts'
import { sessionRequests } from '../../testing/claude-code-session.ts'
import { createTurnReader, type TurnReader } from './turn-reader.ts'

const NOTHING_ADDED = { freshRanges: [], masked: [] }

interface Said {
  readonly messages?: unknown
  readonly system?: unknown
  readonly tools?: unknown
  readonly [member: string]: unknown
}

/** The facts of requests that one agent sends one after the other. */
function read(
  requests: readonly (Said | Buffer)[],
  { reader = createTurnReader(), agentId = undefined as string | undefined } = {},
) {
  return requests.map((request, at) => {
    const body = Buffer.isBuffer(request) ? request : Buffer.from(JSON.stringify(request))
    return reader.begin({ exchangeId: `req_${at}`, scope: 'ses_1', agentId }, body, NOTHING_ADDED).end(undefined)
  })
}

const user = (content: unknown) => ({ role: 'user', content })
const text = (words: string, marked = false) => ({
  type: 'text',
  text: words,
  ...(marked && { cache_control: { type: 'ephemeral' } }),
})
const frame = { system: [text('be brief', true)], tools: [{ name: 'Read', input_schema: {} }] }

test('in a session of the real client no earlier message changes, and tools and system stay what they were', () => {
  const reader = createTurnReader()
  for (const kind of ['main', 'agent'] as const) {
    const requests = sessionRequests({ turns: 12, lastBytes: 200_000, agents: 2, sideCalls: true })
    const facts = requests.map(({ body, agentId, answer }, at) => ({
      kind: requests[at]!.kind,
      agentId,
      ...reader.begin({ exchangeId: `req_${at}`, scope: kind, agentId }, body, NOTHING_ADDED).end(answer),
    }))
    const line = facts.filter((fact) => fact.kind === kind && (kind === 'main' || fact.agentId === 'agent-1-1'))
    expect(line.length).toBeGreaterThan(3)
    expect(line.map(({ messages }) => messages)).toEqual(line.map((_, turn) => 2 + turn * 2))
    expect(new Set(line.map(({ firstChangedMessage }) => firstChangedMessage))).toEqual(new Set([undefined]))
    expect(new Set(line.map(({ toolsHash }) => toolsHash)).size).toBe(1)
    expect(new Set(line.map(({ systemHash }) => systemHash)).size).toBe(1)
    expect(line[0]!.preview).toMatch(/^Look at the project and say what [0-9a-f]{8} does\.$/)
    expect(line[1]!.preview).toMatch(/^1 /)
    expect(line.slice(0, 3).map(({ toolsCalled }) => toolsCalled)).toEqual([['Read'], ['Bash'], ['Edit']])
    const titles = facts.map(({ title }) => title).filter((title) => title !== undefined)
    expect(titles).toEqual(['A look at the project'])
  }
})

test('the body that is used in other tests reads the same', () => {
  const facts = read([0, 1, 2].map((turns) => claudeCodeBody({ turns, bytes: 60_000 })))
  expect(facts.map(({ messages, firstChangedMessage }) => [messages, firstChangedMessage])).toEqual([
    [2, undefined],
    [4, undefined],
    [6, 3],
  ])
})

test('the first message that changed is told, marks and the way a text is written aside', () => {
  const turns = [
    [user([text('one', true)])],
    [user('one'), { role: 'assistant', content: [text('two')] }, user([text('three', true)])],
    [user([text('one')]), { role: 'assistant', content: 'two' }, user([text('3', true)])],
    [user([text('ONE')]), { role: 'assistant', content: 'two' }, user([text('3')])],
    [user('ONE')],
  ]
  const facts = read(turns.map((messages) => ({ messages, ...frame })))
  expect(facts.map(({ firstChangedMessage }) => firstChangedMessage)).toEqual([undefined, undefined, 2, 0, 1])
})

test('an agent’s line is its own, and a side call is none', () => {
  const reader = createTurnReader()
  const main = (words: string[]) => ({ messages: words.map(user), ...frame })
  const title = { messages: [user('<session>one</session>')], system: 'write a title', tools: [] }
  expect(read([main(['one'])], { reader })[0]!.firstChangedMessage).toBeUndefined()
  expect(read([title], { reader })[0]!.firstChangedMessage).toBeUndefined()
  expect(read([main(['of an agent'])], { reader, agentId: 'agent-1' })[0]!.firstChangedMessage).toBeUndefined()
  expect(read([main(['one', 'two'])], { reader })[0]!.firstChangedMessage).toBeUndefined()
  expect(read([main(['begun anew'])], { reader })[0]!.firstChangedMessage).toBe(0)
})

test('what was read before is read the same way when it comes again in front of more', () => {
  const fresh = (reader: TurnReader) =>
    read([{ messages: [user('a'), user('b'), user('c')], ...frame }], { reader })[0]!
  const reader = createTurnReader()
  const bodies = [['a'], ['a', 'b']].map((words) =>
    Buffer.from(JSON.stringify({ messages: words.map(user), ...frame })),
  )
  read(bodies, { reader })
  expect(fresh(reader)).toEqual(fresh(createTurnReader()))
  expect(bodies).toHaveLength(2)
})

test('tools and system have the same hash with and without marks, and the line for billing does not count', () => {
  const billing = (version: string) => text(`x-anthropic-billing-header: cc_version=${version};`)
  const [plain, marked, other] = read([
    { messages: [], system: [billing('1'), text('be brief')], tools: [{ name: 'Read' }] },
    {
      messages: [],
      system: [billing('2'), text('be brief', true)],
      tools: [{ name: 'Read', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    },
    { messages: [], system: [text('be long')], tools: [{ cache_control: { type: 'ephemeral' }, name: 'Write' }] },
  ])
  expect(marked!.systemHash).toBe(plain!.systemHash)
  expect(marked!.toolsHash).toBe(plain!.toolsHash)
  expect(other!.systemHash).not.toBe(plain!.systemHash)
  expect(other!.toolsHash).not.toBe(plain!.toolsHash)
  expect(plain!.toolsHash).toMatch(/^[0-9a-f]{64}$/)
  expect(read([{ messages: [] }])[0]).toMatchObject({ toolsHash: undefined, systemHash: undefined })
})

test.each<[what: string, messages: unknown[], preview: string | undefined]>([
  ['a prompt as a string', [user('do it')], 'do it'],
  ['the last text that is no reminder', [user([text('do'), text('it'), text('<system-reminder>\nx')])], 'it'],
  ['a prompt beside a result', [user([{ type: 'tool_result', content: 'a' }, text('stop')])], 'stop'],
  ['a result', [user('do it'), user([{ type: 'tool_result', content: [text('of a tool')] }])], 'of a tool'],
  ['a result in front of a reminder', [user([{ type: 'tool_result', content: 'r' }, text('<system-reminder>x')])], 'r'],
  ['what stands before a message of the system', [user('do it'), { role: 'system', content: 'you are here' }], 'do it'],
  ['one line without control characters', [user('a\u0000\n\n\tb\u001b[0m \u00a0 c')], 'a b [0m c'],
  ['whole letters', [user(`${'x'.repeat(199)}😀`)], 'x'.repeat(199)],
  ['letters that are escapes', [user('"quoted" é \\ \ud800')], '"quoted" é \\'],
  ['nothing, where nobody says anything', [{ role: 'assistant', content: 'x' }], undefined],
  ['nothing, of an image', [user([{ type: 'image', source: {} }])], undefined],
])('a preview shows %s', (_, messages, preview) => {
  expect(read([{ messages }])[0]!.preview).toBe(preview)
})

test('a preview shows stars where its request is masked', () => {
  const body = Buffer.from(JSON.stringify({ messages: [user('my key is SECRET')] }))
  const masked = [{ offset: body.indexOf('SECRET'), length: 6, rule: 'r' }]
  const added = {
    freshRanges: [
      { offset: 0, length: 5 },
      { offset: 9, length: 2 },
    ],
    masked,
  }
  const turn = createTurnReader().begin({ exchangeId: 'req_1', scope: 's', agentId: undefined }, body, added)
  expect(turn.end(undefined)).toMatchObject({
    preview: 'my key is ******',
    freshBytes: 7,
    toolsCalled: [],
    title: undefined,
  })
})

test.each([
  '',
  'no JSON',
  '{',
  '[]',
  '{"messages":3}',
  '{"messages":[1,"a",{"role":"user"}]}',
  '{"messages":[{"role":"user","content":[3,{"type":"text","text":4}]}]}',
])('%s is a request like others', (json) => {
  const [facts] = read([Buffer.from(json)])
  expect(facts!.preview).toBeUndefined()
  expect(facts!.firstChangedMessage).toBeUndefined()
})

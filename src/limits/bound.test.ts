import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { scanTopLevel } from '../core/json.ts'
import { claudeCodeBody } from '../testing/claude-code-body.ts'
import { type Demand, FRAME_TOKENS, asReport, readDemand } from './bound.ts'

const SIZE = { contextTokens: 1_000_000, outputTokens: 128_000 }

function demandOf(body: object | string, size = SIZE): Demand {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return readDemand({ bytes, members: scanTopLevel(bytes) }, size)
}

const says = (content: unknown) => ({ messages: [{ role: 'user', content }] })
const image = (bytes: number) => ({ type: 'image', source: { type: 'base64', data: 'a'.repeat(bytes) } })

test('a byte of text is at most one token', () => {
  const body = says('x'.repeat(50_000))
  const { weight, inputTokens } = demandOf(body)
  expect(weight).toBe(JSON.stringify(body).length)
  expect(inputTokens).toBe(weight + FRAME_TOKENS)
})

test('no prompt is larger than the window of its model', () => {
  expect(demandOf(says('x'.repeat(300_000)), { ...SIZE, contextTokens: 200_000 }).inputTokens).toBe(200_000)
})

test('an answer has as many tokens as the body allows, and without a word as the model can write', () => {
  expect(demandOf({ max_tokens: 4_000 }).outputTokens).toBe(4_000)
  expect(demandOf({}).outputTokens).toBe(128_000)
  expect(demandOf({ max_tokens: 'many' }).outputTokens).toBe(128_000)
  expect(demandOf({ max_tokens: -5 }).outputTokens).toBe(0)
})

test.each([
  ['nothing that is kept', says('"1h" and cache_control are words here'), 'none'],
  ['a mark', says([{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }]), '5m'],
  ['a mark for an hour', says([{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } }]), '1h'],
  ['an hour in odd letters', '{"cache_control":{"type":"ephemeral","ttl":"\\u0031h"}}', '1h'],
  ['a terminal’s colours, escaped as everybody does', '{"messages":"\\u001b[1m \\u003c \\u0026"}', 'none'],
] as const)('%s decides the price of input', (_name, body, cache) => {
  expect(demandOf(body).cache).toBe(cache)
})

test.each([
  ['in a message', says([image(400_000)])],
  ['in the result of a tool', says([{ type: 'tool_result', tool_use_id: 't', content: [image(400_000)] }])],
  ['in odd letters', JSON.stringify(says([image(400_000)])).replace('"image"', '"im\\u0061ge"')],
])('the bytes of a picture are no text: %s', (_name, body) => {
  const { weight } = demandOf(body)
  expect(weight).toBeGreaterThan(5_000)
  expect(weight).toBeLessThan(5_500)
})

test.each([
  ['in base64', { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'aaaa' } }],
  ['at an address', { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } }],
  ['in the result of a tool', { type: 'tool_result', content: [{ type: 'document', source: { type: 'file' } }] }],
  [
    'in a page that was fetched',
    {
      type: 'web_fetch_tool_result',
      content: { type: 'web_fetch_result', content: { type: 'document', source: { type: 'base64', data: 'aaaa' } } },
    },
  ],
])('a document may fill the window: %s', (_name, block) => {
  expect(demandOf(says([block])).inputTokens).toBe(SIZE.contextTokens)
})

test('what was found on the web is as long as it is, also when it speaks of "document" or image', () => {
  const body = says([{ type: 'web_search_tool_result', content: [{ title: 'a "document", an image' }] }])
  expect(demandOf(body).weight).toBe(JSON.stringify(body).length)
})

test('a document of plain text has the bytes that it has', () => {
  const body = says([{ type: 'document', source: { type: 'text', data: 'x'.repeat(1_000) } }])
  expect(demandOf(body).weight).toBe(JSON.stringify(body).length)
})

test.each([
  ['web search', [{ type: 'web_search_20250305', name: 'web_search', max_uses: 8 }], 1, 8],
  ['web search without an end', [{ type: 'web_search_20250305', name: 'web_search' }], 1, 20],
  ['code execution', [{ type: 'code_execution_20250825', name: 'code_execution' }], 1, 0],
  ['an advisor, whose words come back', [{ type: 'advisor_20260301', name: 'advisor' }], 1, 0],
  ['a set of tools', [{ type: 'browser_toolset', name: 'browser' }], 1, 0],
  ['what nobody knows yet', [{ type: 'research_20270101', name: 'research' }], 1, 0],
  ['a tool of the client’s own', [{ name: 'web_search', input_schema: {} }], 0, 0],
  ['a tool that runs at the client', [{ type: 'bash_20250124', name: 'bash' }], 0, 0],
] as const)('work at the provider adds input and fees: %s', (_name, tools, windows, searches) => {
  const demand = demandOf({ ...says('x'), tools })
  expect(demand.inputGrows).toBe(windows > 0)
  if (windows > 0) expect(demand.inputTokens).toBe(windows * SIZE.contextTokens)
  expect(demand.searches).toBe(searches)
})

test('a compaction at the provider reads a second window', () => {
  const demand = demandOf({ ...says('x'), context_management: { edits: [{ type: 'compact_20260112' }] } })
  expect(demand).toMatchObject({ inputGrows: true, inputTokens: 2 * SIZE.contextTokens })
})

test.each([
  ['messages', '{"messages":[{"role" "user"}],"x":"image","y":["image"]}'],
  ['tools', '{"messages":[],"tools":[{"type" "web_search_20250305"}]}'],
])('what cannot be read is taken at its dearest: %s', (_name, body) => {
  expect(demandOf(body).inputTokens).toBeGreaterThanOrEqual(SIZE.contextTokens)
})

test('is priced as if everything new were written to the cache', () => {
  const demand = demandOf({
    ...says([{ type: 'text', text: 'x', cache_control: {} }]),
    speed: 'fast',
    inference_geo: 'us',
  })
  const { tokens, speed, geography } = asReport(demand, { input: 10, cacheRead: 5, output: 20 })
  expect(tokens).toMatchObject({ input: 0, cacheWrite5m: 10, cacheRead: 5, output: 20 })
  expect({ speed, geography }).toEqual({ speed: 'fast', geography: 'us' })
})

const FIXTURES = new URL('../../tests/fixtures/claude-code/', import.meta.url)

test.each(readdirSync(FIXTURES))(
  'the bound of a recorded request stands on its size alone, or on the window: %s',
  (file) => {
    const { body } = JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8')) as { body: object }
    const { inputTokens, inputGrows, cache } = demandOf(body)
    if (inputGrows) expect(inputTokens).toBe(SIZE.contextTokens)
    else expect(inputTokens).toBe(Buffer.byteLength(JSON.stringify(body)) + FRAME_TOKENS)
    expect(cache).toBe(JSON.stringify(body).includes('cache_control') ? '5m' : 'none')
  },
)

test('a session of Claude Code is bounded by its bytes', () => {
  const bytes = claudeCodeBody({ turns: 30, bytes: 300_000 })
  const { inputTokens } = readDemand({ bytes, members: scanTopLevel(bytes) }, SIZE)
  expect(inputTokens).toBe(bytes.length + FRAME_TOKENS)
})

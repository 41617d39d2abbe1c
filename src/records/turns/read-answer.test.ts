import fc from 'fast-check'
import { expect, test } from 'vitest'
import { titleIn, toolsCalledIn } from './read-answer.ts'

function stream(events: readonly object[]): Buffer {
  return Buffer.from(events.map((event) => `event: x\ndata: ${JSON.stringify(event)}\n\n`).join(''))
}

const begin = (block: object) => ({ type: 'content_block_start', index: 0, content_block: block })
const write = (piece: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } })

test('tools that an answer calls are told once each, in order', () => {
  const blocks = [
    { type: 'text', text: 'I call "Write"' },
    { type: 'tool_use', id: 'a', name: 'Read', input: { name: 'not a tool' } },
    { type: 'server_tool_use', id: 'b', name: 'web_search', input: {} },
    { type: 'tool_use', id: 'c', name: 'Read', input: {} },
    { type: 'mcp_tool_use', id: 'd', name: 'find', input: {} },
  ]
  const names = ['Read', 'web_search', 'find']
  expect(toolsCalledIn(stream(blocks.map(begin)))).toEqual(names)
  expect(toolsCalledIn(Buffer.from(JSON.stringify({ type: 'message', content: blocks })))).toEqual(names)
})

test('a title is read from a stream and from a message', () => {
  expect(titleIn(stream([begin({ type: 'text', text: '' }), write('{"ti'), write('tle":"Fix '), write('it"}')]))).toBe(
    'Fix it',
  )
  expect(titleIn(Buffer.from(JSON.stringify({ content: [{ type: 'text', text: '{"title":"Fix it"}' }] })))).toBe(
    'Fix it',
  )
})

test.each(['', 'no title', '{"title":4}', '{"title":""}', '{', 'null', '[]', `{"title":"${'x'.repeat(5_000)}"}`])(
  '%s has no title',
  (text) => {
    expect(titleIn(stream([begin({ type: 'text', text: '' }), write(text)]))).toBeUndefined()
    expect(titleIn(Buffer.from(JSON.stringify({ content: [{ type: 'text', text }] })))).toBeUndefined()
  },
)

test('an answer that is broken, or none, calls nothing and fails nothing', () => {
  const whole = stream([begin({ type: 'tool_use', name: 'Read' }), begin({ type: 'tool_use', name: 'Edit' })])
  fc.assert(
    fc.property(fc.nat(whole.length), fc.uint8Array({ maxLength: 30 }), (cut, noise) => {
      const broken = Buffer.concat([whole.subarray(0, cut), noise])
      expect(['Read', 'Edit']).toEqual(
        expect.arrayContaining(toolsCalledIn(broken).filter((name) => /^\w{4}$/.test(name))),
      )
      titleIn(broken)
    }),
  )
  expect(toolsCalledIn(Buffer.from('{"type":"error","error":{}}'))).toEqual([])
  expect(toolsCalledIn(Buffer.from('{"content":['))).toEqual([])
  expect(toolsCalledIn(Buffer.from('<html>'))).toEqual([])
  const halves = String.raw`{"content":[{"type":"tool_use","name":"Re\ud800ad\u0000"}]}`
  expect(toolsCalledIn(Buffer.from(halves))).toEqual(['Read'])
  const escape = String.raw`{"content":[{"type":"tool_use","name":"no \x escape"},{"text":"no \x escape"}]}`
  expect([toolsCalledIn(Buffer.from(escape)), titleIn(Buffer.from(escape))]).toEqual([[], undefined])
})

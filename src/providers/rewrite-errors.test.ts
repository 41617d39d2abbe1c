import { describe, expect, it } from 'vitest'
import { header, type HeaderLines } from '../core/headers.ts'
import type { UpstreamHandler } from './adapter.ts'
import { type ExplainedError, rewriteErrors } from './rewrite-errors.ts'

/** Plays an answer through `rewriteErrors` and keeps what comes out, call by call. */
function play(status: number, headers: HeaderLines, pieces: readonly string[], explained?: ExplainedError) {
  const heard: unknown[] = []
  const listener: UpstreamHandler = {
    sent: () => heard.push('sent'),
    head: (...head) => heard.push(head),
    chunk: (bytes) => heard.push(bytes.toString()),
    end: () => heard.push('end'),
    fail: ({ code }) => heard.push(code),
  }
  const seen: unknown[] = []
  const handler = rewriteErrors(listener, (error) => {
    seen.push(error)
    return explained
  })
  handler.sent({ pause: () => undefined, resume: () => undefined, abort: () => undefined })
  handler.head(status, headers)
  for (const piece of pieces) handler.chunk(Buffer.from(piece))
  handler.end()
  return { heard, seen }
}

const TOLD: ExplainedError = { status: 529, type: 'overloaded_error', message: 'Busy.', retryAfterSeconds: 3 }

describe('rewriting errors', () => {
  it.each([200, 204, 302, 401])('lets an answer with status %i pass piece by piece', (status) => {
    const headers = ['content-type', 'text/event-stream']
    const { heard, seen } = play(status, headers, ['one', 'two'], TOLD)
    expect(heard).toEqual(['sent', [status, headers], 'one', 'two', 'end'])
    expect(seen).toEqual([])
  })

  it('tells an error anew once it is whole, with the headers that are not about its body', () => {
    const headers = ['Content-Type', 'application/json', 'Content-Length', '11', 'X-Trace', 'abc']
    const { heard, seen } = play(503, headers, ['{"err', 'or":1}'], TOLD)
    expect(seen).toEqual([{ status: 503, document: { error: 1 } }])
    const body = '{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}'
    const [, [status, told], ...rest] = heard as [string, [number, string[]], ...unknown[]]
    expect(status).toBe(529)
    expect(told).toEqual([
      'X-Trace',
      'abc',
      'retry-after',
      '3',
      'content-type',
      'application/json',
      'content-length',
      String(body.length),
    ])
    expect(rest).toEqual([body, 'end'])
  })

  it('keeps the retry-after of the answer', () => {
    const { heard } = play(503, ['retry-after', '60'], ['{}'], TOLD)
    expect(header((heard[1] as [number, string[]])[1], 'retry-after')).toBe('60')
  })

  it('leaves an error that is right as it came', () => {
    const headers = ['content-type', 'application/json']
    expect(play(529, headers, ['{"a', '":1}']).heard).toEqual(['sent', [529, headers], '{"a":1}', 'end'])
  })

  it.each([
    ['no JSON', [], '<html>'],
    ['compressed', ['content-encoding', 'gzip'], '{}'],
    ['too large', [], `{"a":"${'x'.repeat(70_000)}"}`],
  ])('has a body that is %s explained by its status', (_, headers, body) => {
    expect(play(500, headers, [body], TOLD).seen).toEqual([{ status: 500, document: undefined }])
  })
})

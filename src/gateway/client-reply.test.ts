import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../core/errors.ts'
import { asId } from '../core/ids.ts'
import { createManualClock } from '../testing/clock.ts'
import { ClientReply } from './client-reply.ts'

const CLIENT_STALL_MS = 1_000

/** A reply in the middle of a stream, to a client that takes its bytes or leaves them. */
function replyTo({ reads }: { reads: boolean }) {
  const socket = new Socket()
  socket._write = (_bytes, _encoding, done) => void (reads && done())
  socket._writev = (_chunks, done) => void (reads && done())
  const response = new ServerResponse(new IncomingMessage(socket))
  response.assignSocket(socket)
  const clock = createManualClock()
  const reply = new ClientReply(asId('req_1'), response, { clock, clientStallMs: CLIENT_STALL_MS })
  const flow = { pause: () => undefined, resume: () => undefined, abort: () => undefined }
  reply.head({ status: 200, headers: ['content-type', 'text/event-stream'], eventStream: true, flow })
  reply.chunk(Buffer.from('event: ping\ndata: {}\n\n'))
  return { reply, response, clock }
}

const ENDS: readonly [string, (reply: ClientReply) => void][] = [
  ['a whole answer', (reply) => reply.end('whole')],
  ['a broken one', (reply) => reply.fail(new GatewayError('upstream.broken', 'It broke.'), 'upstream')],
]

describe.each(ENDS)('the last bytes of %s', (_name, end) => {
  it('do not wait for ever for a client that does not read them', () => {
    const { reply, response, clock } = replyTo({ reads: false })
    end(reply)
    clock.advance(CLIENT_STALL_MS - 1)
    expect(response.destroyed).toBe(false)
    clock.advance(1)
    expect(response.destroyed).toBe(true)
  })

  it('leave no timer behind once they are read', () => {
    const { reply, response, clock } = replyTo({ reads: true })
    end(reply)
    expect(clock.waiting).toBe(0)
    expect(response.destroyed).toBe(false)
  })
})

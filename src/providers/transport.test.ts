import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { GatewayError } from '../core/errors.ts'
import { accountOf } from '../testing/one-call.ts'
import type { Transport, UpstreamHandler, WireRequest } from './adapter.ts'
import { createHttpTransport } from './transport.ts'

let server: Server
let transport: Transport

afterEach(async () => {
  await transport.close()
  server.close()
})

test('a provider that takes the connection and never greets is given up after the time to connect', async () => {
  transport = createHttpTransport()
  // It reads the first message of the TLS handshake, and has nothing to say to it.
  server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
  const connected = once(server, 'connection') as Promise<[Socket]>
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const upstream = accountOf('anthropic', { custom_host: `https://127.0.0.1:${port}/v1` })
  const request: WireRequest = {
    method: 'POST',
    origin: upstream.origin,
    path: '/v1/messages',
    headers: [],
    body: [Buffer.from('{}')],
  }
  let wasSent = false
  const failure = await new Promise<GatewayError>((resolve, reject) => {
    const unexpected = () => reject(new Error('it cannot have answered'))
    const handler: UpstreamHandler = {
      sent: () => {
        wasSent = true
      },
      head: unexpected,
      chunk: unexpected,
      end: unexpected,
      fail: resolve,
    }
    transport.send(request, upstream, { connectMs: 50, firstByteMs: 60_000, idleMs: 60_000 }, handler)
  })

  expect(failure).toMatchObject({
    code: 'upstream.timeout',
    message: 'The provider could not be reached in time.',
    // The limit that ended it is the one that was given, and no usual one.
    detail: expect.stringContaining('timeout: 50ms'),
  })
  // Nothing was handed over that a provider could bill.
  expect(wasSent).toBe(false)
  const [socket] = await connected
  if (!socket.closed) await once(socket, 'close')
})

import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { createManualClock } from '../testing/clock.ts'
import { answerClientError } from './client-error.ts'

it('a client that never closes its half of the connection does not keep it', async () => {
  const clock = createManualClock()
  // Half open is how Node's HTTP server listens.
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  const [socket] = (await once(server, 'connection')) as [Socket]
  const answered = once(client, 'data')

  answerClientError(Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket, clock)
  expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 408 [^]*"type":"timeout_error"/)
  await once(client, 'end')
  expect(socket.destroyed).toBe(false)

  clock.advance(2_000)
  expect(socket.destroyed).toBe(true)
  client.destroy()
  server.close()
})

import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { send } from '../../src/testing/http.ts'
import {
  EVENT_STREAM,
  KEY,
  WHOLE_STREAM,
  gateway,
  provider,
  start as startBoth,
  type startProvider,
  stop,
} from './data-plane.ts'

let client: Socket

afterEach(async () => {
  client.destroy()
  await stop()
})

/** Both sides, and a client that holds a connection of its own. */
async function start(answer: Parameters<typeof startProvider>[0]): Promise<void> {
  await startBoth(answer)
  client = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  client.on('error', () => undefined)
}

const BODY = JSON.stringify({ model: 'm', messages: [], max_tokens: 1, stream: true })
const HEAD = `POST /v1/messages HTTP/1.1\r\nhost: g\r\nx-api-key: ${KEY}\r\ncontent-type: application/json\r\n`
const REQUEST = `${HEAD}content-length: ${BODY.length}\r\n\r\n${BODY}`

const BEGUN = WHOLE_STREAM.slice(0, 4).join('')

describe('a shutdown comes to its end', () => {
  it('for everybody who waits for it, also when somebody with less patience asks after them', async () => {
    await start((_request, response) => response.writeHead(200, EVENT_STREAM).write(BEGUN))
    client.write(REQUEST)
    await once(client, 'data')
    const patient = gateway.plane.drain(60_000)
    await gateway.plane.drain(0)
    await patient
    expect(gateway.records[0]).toMatchObject({ outcome: 'interrupted', interruptedBy: 'shutdown' })
  })

  it('while a body is still on its way: the client hears why, and the record says so', async () => {
    await start(() => undefined)
    client.write(`${HEAD}expect: 100-continue\r\ncontent-length: 5000\r\n\r\n`)
    expect(String((await once(client, 'data'))[0])).toContain('100 Continue')
    const drained = gateway.plane.drain(0)
    expect(String((await once(client, 'data'))[0])).toMatch(/^HTTP\/1\.1 503 [^]*gateway\.draining/)
    await drained
    expect(gateway.records[0]).toMatchObject({ status: 503, interruptedBy: 'shutdown', errorCode: 'gateway.draining' })
    expect(provider.requests).toHaveLength(0)
  })

  it('although a client reads nothing of what it is told', async () => {
    // Pieces of 64 KB end between two of these events, where the gateway adds its last words instead of cutting.
    const events = Buffer.from(`event: ping\ndata: {"pad":"${'x'.repeat(64 - 30)}"}\n\n`.repeat(16_384))
    let full: () => void = () => undefined
    const stuck = new Promise<void>((resolve) => (full = resolve))
    await start((_request, response) => {
      response.writeHead(200, { ...EVENT_STREAM, 'content-length': 1_000 * events.length }).flushHeaders()
      let patience: NodeJS.Timeout
      const pour = () => {
        clearTimeout(patience)
        patience = setTimeout(full, 500)
        while (!response.destroyed && response.write(events));
        response.once('drain', pour)
      }
      setImmediate(pour)
    })
    client.pause()
    client.write(REQUEST)
    await stuck
    await gateway.plane.drain(0)
    expect(gateway.plane.running).toBe(0)
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'interrupted', interruptedBy: 'shutdown' })
  })
})

it('a refusal does not close the connection under a client that still writes, who would not hear it then', async () => {
  await start((_request, response) => response.writeHead(200, EVENT_STREAM).write(BEGUN))
  const running = send(`${gateway.url}/v1/messages`, { headers: ['x-api-key', KEY], body: BODY })
  await running.firstBytes
  const drained = gateway.plane.drain(60_000)

  let isClosed = false
  client.on('end', () => (isClosed = true))
  client.write(`${HEAD}content-length: 5000\r\n\r\n`)
  expect(String((await once(client, 'data'))[0])).toMatch(/^HTTP\/1\.1 503 [^]*gateway\.draining/)
  const other = await send(`${gateway.url}/v1/messages`, { headers: ['x-api-key', KEY], body: BODY }).answer
  expect(other.status).toBe(503)
  expect(isClosed).toBe(false)
  client.write(' '.repeat(5000))
  await once(client, 'end')

  running.leave()
  await running.answer
  await drained
})

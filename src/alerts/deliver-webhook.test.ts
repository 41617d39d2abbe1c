import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createManualClock } from '../testing/clock.ts'
import { createWebhookDelivery } from './deliver-webhook.ts'

const NEVER = new AbortController().signal

/** Every name leads to this machine; `isPrivate` is what the real one says of that. */
function openDelivery(trustedHosts: readonly string[], isPrivate: boolean) {
  const asked: string[] = []
  const delivery = createWebhookDelivery({
    clock: createManualClock(),
    trustedHosts,
    lookup: (name, _options, done) => {
      asked.push(name)
      if (isPrivate) done(Object.assign(new Error('private'), { code: 'EPRIVATEADDRESS' }), '', 0)
      else done(null, [{ address: '127.0.0.1', family: 4 }])
    },
  })
  onTestFinished(() => delivery.close())
  return { delivery, asked }
}

test('a public name that leads to a private address is not reached', async () => {
  const { delivery, asked } = openDelivery([], true)
  const receipt = await delivery.post({ url: 'https://hooks.acme-receiver.com/x', headers: {}, body: '{}' }, NEVER)
  expect(asked).toEqual(['hooks.acme-receiver.com'])
  expect(receipt).toEqual({
    delivered: false,
    status: undefined,
    said: '',
    error: 'its host resolves to a private address; an operator can list it in TRUSTED_CUSTOM_HOSTS',
  })
})

test('a receiver whose certificate nobody vouches for gets nothing', async () => {
  const bytes: Buffer[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      bytes.push(chunk)
      socket.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  const { delivery } = openDelivery([], false)
  const { port } = server.address() as AddressInfo
  const url = `https://hooks.acme-receiver.com:${port}/path-of-proof`
  const receipt = await delivery.post({ url, headers: {}, body: '{"title":"secret"}' }, NEVER)
  expect(receipt.delivered).toBe(false)
  expect(Buffer.concat(bytes).toString('latin1')).not.toMatch(/path-of-proof|secret/)
})

test('what is wrong with an address is told without the address', async () => {
  const { delivery } = openDelivery([], false)
  const receipt = await delivery.post(
    { url: 'http://hooks.acme-receiver.com/path-of-proof?x', headers: {}, body: '' },
    NEVER,
  )
  expect(receipt.error).toContain('its host is not asked')
  expect(receipt.error).not.toContain('path-of-proof')
})

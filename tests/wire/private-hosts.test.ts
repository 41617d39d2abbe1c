import { expect, it } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { sendJson } from '../../src/testing/http.ts'
import { KEY, startDataPlane, startProvider } from './data-plane.ts'

it.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '[::1]'])(
  'a provider at %s that no administrator vouched for is never contacted',
  async (host) => {
    const provider = await startProvider((_request, response) => response.end())
    const origin = `https://${host}:${new URL(provider.origin).port}`
    const gateway = await startDataPlane({ origin, upstream: { trustedHost: false } })
    const { answer } = sendJson(`${gateway.url}/v1/messages`, { model: 'm', max_tokens: 1 }, ['x-api-key', KEY])
    expect((await answer).status).toBe(502)
    expect(header((await answer).headers, 'x-portcullis-error')).toBe('upstream.refused_host')
    expect(provider.requests).toHaveLength(0)
    expect(gateway.entries).toHaveLength(0)
    await gateway.stop()
    await provider.stop()
  },
)

it('a host without encryption is not contacted once it is no longer trusted, wherever it is', async () => {
  const gateway = await startDataPlane({ origin: 'http://provider.invalid', upstream: { trustedHost: false } })
  const { answer } = sendJson(`${gateway.url}/v1/messages`, { model: 'm', max_tokens: 1 }, ['x-api-key', KEY])
  expect(header((await answer).headers, 'x-portcullis-error')).toBe('upstream.refused_host')
  await gateway.stop()
})

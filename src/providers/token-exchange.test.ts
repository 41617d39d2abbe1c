import { afterEach, describe, expect, it } from 'vitest'
import { header } from '../core/headers.ts'
import { startScriptedUpstream } from '../testing/scripted-upstream.ts'
import { documentScene } from '../testing/stand-ins/faults.ts'
import type { Scene } from './scripted/scene.ts'
import { createTokenExchange } from './token-exchange.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

async function setUp(scene: Scene, { trusted = true, timeoutMs = 5_000 } = {}) {
  const server = await startScriptedUpstream({ direct: () => scene })
  const trustedHosts = trusted ? [new URL(server.origin).host] : []
  const exchange = createTokenExchange({ trustedHosts, timeoutMs })
  cleanups.push(
    () => exchange.close(),
    () => server.stop(),
  )
  return {
    server,
    ask: (path = '/token') => exchange.ask({ method: 'POST', url: server.origin + path, body: 'secret=s3cret' }),
  }
}

const HEAD = { kind: 'head', status: 200, headers: [] } as const

describe('a token exchange', () => {
  it('gives the answer of the server, whatever its status', async () => {
    const { server, ask } = await setUp(documentScene(400, { error: 'no' }))
    expect(await ask('/token?a=b')).toMatchObject({ status: 400, text: '{"error":"no"}' })
    expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/token?a=b' })
    expect(header(server.requests[0]!.headers, 'accept')).toBe('application/json')
  })

  it('does not follow a redirect', async () => {
    const { server, ask } = await setUp({
      steps: [{ kind: 'head', status: 302, headers: ['location', '/elsewhere'] }, { kind: 'end' }],
    })
    expect((await ask()).status).toBe(302)
    expect(server.requests).toHaveLength(1)
  })

  it.each<[string, Scene['steps']]>([
    ['says nothing', [{ kind: 'silence' }]],
    ['falls silent', [HEAD, { kind: 'bytes', bytes: Buffer.from('{') }, { kind: 'silence' }]],
    ['breaks off', [HEAD, { kind: 'bytes', bytes: Buffer.from('{') }, { kind: 'cut' }]],
    ['never stops', [HEAD, { kind: 'bytes', bytes: Buffer.alloc(1024 * 1024, 0x20) }, { kind: 'silence' }]],
  ])('with a server that %s ends as unavailable, and tells no secret', async (_, steps) => {
    const { ask } = await setUp({ steps }, { timeoutMs: 200 })
    const failure = await ask().catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'credential.unavailable',
      detail: expect.stringMatching(/127\.0\.0\.1:\d+ gave no token/),
    })
    expect(String((failure as Error).stack)).not.toContain('s3cret')
  })

  it('goes to no private host, and to none without encryption, that nobody trusts', async () => {
    const { server, ask } = await setUp(documentScene(200, {}), { trusted: false })
    await expect(ask()).rejects.toMatchObject({ code: 'credential.unavailable' })
    expect(server.requests).toHaveLength(0)
    const exchange = createTokenExchange({ trustedHosts: [] })
    cleanups.push(() => exchange.close())
    for (const url of [
      'http://login.example.com/token',
      'https://10.0.0.1/token',
      'https://localhost/token',
      'file:///etc/passwd',
      '',
    ]) {
      await expect(exchange.ask({ method: 'GET', url })).rejects.toMatchObject({ code: 'credential.unavailable' })
    }
  })
})

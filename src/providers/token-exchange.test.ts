import { afterEach, describe, expect, it } from 'vitest'
import { header } from '../core/headers.ts'
import { createManualClock } from '../testing/clock.ts'
import { startScriptedUpstream } from '../testing/scripted-upstream.ts'
import { documentScene } from '../testing/stand-ins/faults.ts'
import type { Scene } from './scripted/scene.ts'
import { createTokenExchange } from './token-exchange.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

async function setUp(scene: Scene, { trusted = true } = {}) {
  const clock = createManualClock()
  const server = await startScriptedUpstream({ direct: () => scene })
  const trustedHosts = trusted ? [new URL(server.origin).host] : []
  const exchange = createTokenExchange({ clock, trustedHosts })
  cleanups.push(
    () => exchange.close(),
    () => server.stop(),
  )
  return {
    clock,
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

  const begun = [HEAD, { kind: 'bytes', bytes: Buffer.from('{') }] as const

  it.each<[string, Scene['steps']]>([
    ['says nothing', [{ kind: 'silence' }]],
    ['falls silent', [...begun, { kind: 'silence' }]],
  ])('with a server that %s ends after ten seconds', async (_, steps) => {
    const { clock, server, ask } = await setUp({ steps })
    const failure = ask().catch((error: unknown) => error)
    await server.arrived(1)
    clock.advance(10_000)
    const detail = expect.stringMatching(/127\.0\.0\.1:\d+ gave no token: nothing came in 10000 ms/) as string
    expect(await failure).toMatchObject({ code: 'credential.unavailable', detail })
  })

  it.each<[string, Scene['steps']]>([
    ['breaks off', [...begun, { kind: 'cut' }]],
    ['never stops', [HEAD, { kind: 'bytes', bytes: Buffer.alloc(1024 * 1024, 0x20) }, { kind: 'silence' }]],
  ])('with a server that %s is given up at once, and tells no secret', async (_, steps) => {
    const { clock, ask } = await setUp({ steps })
    const failure = await ask().catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'credential.unavailable' })
    expect(String((failure as Error).stack)).not.toContain('s3cret')
    expect(clock.waiting).toBe(0)
  })

  it('goes to no private host, and to none without encryption, that nobody trusts', async () => {
    const { server, ask } = await setUp(documentScene(200, {}), { trusted: false })
    await expect(ask()).rejects.toMatchObject({ code: 'credential.unavailable' })
    expect(server.requests).toHaveLength(0)
    const exchange = createTokenExchange({ clock: createManualClock(), trustedHosts: [] })
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

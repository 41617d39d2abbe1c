import { describe, expect, it } from 'vitest'
import { exchangeRow } from '../store/rows.ts'
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './harness.ts'

async function signIn(options: ControlPlaneOptions = {}) {
  const plane = await startControlPlane(options)
  const response = await plane.app.inject({ url: `/signin?token=${plane.signInToken}` })
  const line = String(response.headers['set-cookie'])
  return { plane, response, line, cookie: line.split(';')[0] ?? '' }
}

const ORIGIN = 'http://gateway.example.com'

function change({ app }: ControlPlane, headers: Record<string, string>) {
  return app.inject({
    method: 'PUT',
    url: '/v1/providers/sandbox',
    headers: { 'content-type': 'application/json', 'x-portcullis-csrf': '1', ...headers },
    payload: '{"note":"changed"}',
  })
}

describe('signing in', () => {
  it('with the link of the first start gives a cookie that scripts and other sites cannot use', async () => {
    const { response, line } = await signIn()
    expect(response.statusCode).toBe(303)
    expect(response.headers['location']).toBe('/')
    expect(line).toMatch(/^portcullis_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/)
  })

  it('with a link in a mail program leads to a page that goes on, because the cookie does not come along at once', async () => {
    const { app, signInToken } = await startControlPlane()
    const headers = { 'sec-fetch-site': 'cross-site' }
    const response = await app.inject({ url: `/signin?token=${signInToken}`, headers })
    expect([response.statusCode, response.body]).toEqual([200, expect.stringContaining('<a href="/">Go on</a>')])
    const cookie = String(response.headers['set-cookie']).split(';')[0] ?? ''
    expect((await app.inject({ url: '/v1/sessions/current', headers: { cookie } })).statusCode).toBe(200)
  })

  it('over https the cookie never travels without it', async () => {
    expect((await signIn({ publicUrl: 'https://gateway.example.com' })).line).toMatch(/; Secure$/)
  })

  it('a link works once', async () => {
    const { plane } = await signIn()
    const again = await plane.app.inject({ url: `/signin?token=${plane.signInToken}` })
    expect(again.statusCode).toBe(403)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(again.body).toContain('--signin-link')
  })

  it('of several who open a link at once, one gets in', async () => {
    const plane = await startControlPlane()
    const tries = [1, 2, 3, 4].map(() => plane.app.inject({ url: `/signin?token=${plane.signInToken}` }))
    expect((await Promise.all(tries)).map(({ statusCode }) => statusCode).toSorted()).toEqual([303, 403, 403, 403])
  })

  it('a link dies after a day', async () => {
    const plane = await startControlPlane()
    plane.clock.advance(24 * 3_600_000)
    expect((await plane.app.inject({ url: `/signin?token=${plane.signInToken}` })).statusCode).toBe(403)
  })

  it('a mail program that looks at the link with HEAD does not use it up', async () => {
    const plane = await startControlPlane()
    const url = `/signin?token=${plane.signInToken}`
    expect((await plane.app.inject({ method: 'HEAD', url })).statusCode).toBe(404)
    expect((await plane.app.inject({ url })).statusCode).toBe(303)
  })

  it.each(['', '?token=', '?token=x', '?token=a&token=b'])('%s is no link', async (query) => {
    const plane = await startControlPlane()
    expect((await plane.app.inject({ url: `/signin${query}` })).statusCode).toBe(403)
  })

  it('the token of the session is nowhere in the store', async () => {
    const { plane, cookie } = await signIn()
    const rows = await plane.store.db.selectFrom('console_sessions').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(cookie.split('=')[1])
  })
})

describe('a session', () => {
  it('reads the admin API, and changes it from its own pages only', async () => {
    const { plane, cookie } = await signIn()
    expect((await plane.app.inject({ url: '/v1/providers', headers: { cookie } })).statusCode).toBe(200)
    expect((await change(plane, { cookie, origin: ORIGIN })).statusCode).toBe(200)
    expect(
      (await change(plane, { cookie, origin: 'http://gateway.lan:8787', host: 'gateway.lan:8787' })).statusCode,
    ).toBe(200)
    for (const headers of [
      {},
      { origin: 'null' },
      { origin: 'http://evil.example.com' },
      { origin: `${ORIGIN}.evil.com` },
    ]) {
      const refused = await change(plane, { cookie, ...headers } as Record<string, string>)
      expect(refused.statusCode).toBe(403)
    }
  })

  it('does not lend itself to a request with a wrong key', async () => {
    const { plane, cookie } = await signIn()
    const headers = { cookie, 'x-portkey-api-key': 'pcl_wrong' }
    expect((await plane.app.inject({ url: '/v1/providers', headers })).statusCode).toBe(401)
  })

  it('ends after twelve hours', async () => {
    const { plane, cookie } = await signIn()
    plane.clock.advance(12 * 3_600_000 - 2)
    expect((await plane.app.inject({ url: '/v1/providers', headers: { cookie } })).statusCode).toBe(200)
    plane.clock.advance(1)
    expect((await plane.app.inject({ url: '/v1/providers', headers: { cookie } })).statusCode).toBe(401)
  })

  it('ends with signing out, which another site cannot bring about', async () => {
    const { plane, cookie } = await signIn()
    const form = { cookie, 'content-type': 'application/x-www-form-urlencoded' }
    const foreign = await plane.app.inject({
      method: 'POST',
      url: '/signout',
      headers: { ...form, origin: 'http://evil.example.com' },
      payload: '',
    })
    expect(foreign.statusCode).toBe(403)
    expect((await plane.app.inject({ url: '/v1/providers', headers: { cookie } })).statusCode).toBe(200)
    const out = await plane.app.inject({
      method: 'POST',
      url: '/signout',
      headers: { ...form, origin: ORIGIN },
      payload: '',
    })
    expect(out).toMatchObject({
      statusCode: 303,
      headers: { location: '/', 'set-cookie': expect.stringContaining('Max-Age=0') },
    })
    expect((await plane.app.inject({ url: '/v1/providers', headers: { cookie } })).statusCode).toBe(401)
  })

  it('of somebody who is no administrator any more administers nothing from then on', async () => {
    const { plane, cookie } = await signIn()
    expect((await plane.app.inject({ url: '/v1/admin/users', headers: { cookie } })).statusCode).toBe(200)
    await plane.store.db.updateTable('users').set({ role: 'member' }).execute()
    expect((await plane.app.inject({ url: '/v1/admin/users', headers: { cookie } })).statusCode).toBe(403)
  })
})

describe('the page at /', () => {
  it('tells strangers what this is and nothing of the organisation', async () => {
    const plane = await startControlPlane()
    const page = await plane.app.inject({ url: '/', headers: { cookie: 'portcullis_session=wrong' } })
    expect(page.statusCode).toBe(200)
    expect(page.body).toContain('npx http://gateway.example.com/cli.tgz connect --key YOUR_KEY')
    expect(page.body).not.toContain('@sandbox')
    expect(page.body).not.toMatch(/budget|limit/)
  })

  it('shows the administrator how to connect, the providers and the last 20 requests', async () => {
    const { plane, cookie } = await signIn()
    const ours = { organisation_id: plane.workspace.organisationId, workspace_id: plane.workspace.id }
    const rows = Array.from({ length: 21 }, (_, at) =>
      exchangeRow({ ...ours, received_at: 1_000 + at, model_served: `model-${at}.` }),
    )
    await plane.store.insertMany('exchanges', rows)
    const count = exchangeRow({ ...ours, endpoint: 'count_tokens', received_at: 2_000, model_served: 'counted' })
    await plane.store.insertMany('exchanges', [count])
    const { body } = await plane.app.inject({ url: '/', headers: { cookie } })
    expect(body).not.toContain('counted')
    expect(body).toContain('settings for http://gateway.example.com with YOUR_KEY')
    expect(body).toContain('@sandbox')
    expect(body).toContain('model-20.')
    expect(body).toContain('model-1.')
    expect(body).not.toContain('model-0.')
  })

  it('shows hostile names as text', async () => {
    const { plane, cookie } = await signIn()
    const hostile = '<script>alert(1)</script>"\'&\u202E'
    const ours = { organisation_id: plane.workspace.organisationId, workspace_id: plane.workspace.id }
    await plane.store.insertMany('exchanges', [
      exchangeRow({
        ...ours,
        model_served: null,
        model_asked: hostile,
        error_code: hostile,
        status: 404,
        provider_slug: hostile,
      }),
    ])
    await plane.call('PUT', '/integrations/sandbox', { name: '<img src=x onerror=alert(1)>' })
    const { body } = await plane.app.inject({ url: '/', headers: { cookie } })
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\uFFFD')
    expect(body).not.toMatch(/<script|<img/i)
  })

  it('allows nothing to be loaded, run or framed, and no copy to be kept', async () => {
    const plane = await startControlPlane()
    for (const url of ['/', '/signin?token=x']) {
      const { headers, body } = await plane.app.inject({ url })
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringMatching(
          /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
        ),
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      })
      const style = /<style>([\s\S]*)<\/style>/.exec(body)?.[1] ?? ''
      const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(style))).toString('base64')
      expect(headers['content-security-policy']).toContain(`'sha256-${hash}'`)
    }
  })
})

import { describe, expect, it } from 'vitest'
import { hashPassword } from '../../src/credentials/password.ts'
import { updateUser } from '../../src/store/users.ts'
import { signIn } from './actors.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'

const PASSWORD = 'correct horse battery'
const ORIGIN = 'http://gateway.example.com'

async function withPassword() {
  const plane = await startControlPlane()
  const ada = await signIn(plane, 'member', { role: 'member' })
  await updateUser(plane.store.db, ada.user.id, { passwordHash: await hashPassword(PASSWORD) }, 1)
  return { plane, ada }
}

function enter({ app }: ControlPlane, email: string, password: string, headers: Record<string, string> = {}) {
  const remoteAddress = headers['from'] ?? '10.0.0.1'
  return app.inject({
    method: 'POST',
    url: '/v1/sessions',
    remoteAddress,
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify({ email, password }),
  })
}

function cookiesOf(response: { readonly cookies: readonly { readonly name: string; readonly value: string }[] }) {
  return response.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
}

describe('signing in with a password', () => {
  it('gives a session that scripts and other sites cannot use, whatever the spelling of the address', async () => {
    const { plane, ada } = await withPassword()
    const response = await enter(plane, ada.user.email.toUpperCase(), PASSWORD)
    expect(response.statusCode).toBe(200)
    for (const line of [response.headers['set-cookie']].flat()) expect(line).toMatch(/HttpOnly; SameSite=Strict/)
    const headers = { cookie: cookiesOf(response) }
    expect((await plane.app.inject({ url: '/v1/sessions/current', headers })).json()).toMatchObject({
      user: { id: ada.user.id },
    })
  })

  it('answers a wrong password, an unknown address and somebody without a password alike', async () => {
    const { plane, ada } = await withPassword()
    const refused = [
      await enter(plane, ada.user.email, 'wrong'),
      await enter(plane, 'nobody@example.com', PASSWORD),
      await enter(plane, 'admin@localhost', PASSWORD),
    ]
    expect(new Set(refused.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1)
    expect(refused[0]?.statusCode).toBe(401)
  })

  it('is refused for a page elsewhere', async () => {
    const { plane, ada } = await withPassword()
    const foreign = { origin: 'http://evil.example.com' }
    expect((await enter(plane, ada.user.email, PASSWORD, foreign)).statusCode).toBe(403)
  })

  it('who guesses waits, also with the right password, and then gets in', async () => {
    const { plane, ada } = await withPassword()
    for (let guess = 0; guess < 5; guess++) await enter(plane, ada.user.email, `guess ${guess}`)
    const waiting = await enter(plane, ada.user.email, PASSWORD)
    expect([waiting.statusCode, waiting.headers['retry-after'], waiting.json().data.errorCode]).toEqual([
      429,
      '1',
      'AB06',
    ])
    plane.clock.advance(1_000)
    expect((await enter(plane, ada.user.email, PASSWORD)).statusCode).toBe(200)
  })

  it('many at once do not take the machine: those beyond eight are asked to try again', async () => {
    const { plane } = await withPassword()
    const guesses = Array.from({ length: 40 }, (_, at) =>
      enter(plane, `${at}@example.com`, 'x', { from: `10.3.0.${at}` }),
    )
    const answers = await Promise.all(guesses)
    const turned = answers.filter(({ statusCode }) => statusCode === 429)
    expect(turned.length).toBeGreaterThan(0)
    expect(turned[0]!.headers['retry-after']).toBe('1')
    expect(answers.filter(({ statusCode }) => statusCode === 401).length).toBeGreaterThanOrEqual(8)
  })

  it('strangers who guess from everywhere lock nobody out of a browser they have used before', async () => {
    const { plane, ada } = await withPassword()
    const before = await enter(plane, ada.user.email, PASSWORD)
    for (let guess = 0; guess < 8; guess++) await enter(plane, ada.user.email, 'x', { from: `10.1.0.${guess}` })
    expect((await enter(plane, ada.user.email, PASSWORD, { from: '10.2.0.1' })).statusCode).toBe(429)
    const known = { cookie: cookiesOf(before), from: '10.2.0.1' }
    expect((await enter(plane, ada.user.email, PASSWORD, known)).statusCode).toBe(200)
  })

  it("somebody else's known browser is a stranger here", async () => {
    const { plane, ada } = await withPassword()
    const bob = await signIn(plane, 'member', { role: 'member' })
    await updateUser(plane.store.db, bob.user.id, { passwordHash: await hashPassword(PASSWORD) }, 1)
    const his = cookiesOf(await enter(plane, bob.user.email, PASSWORD))
    for (let guess = 0; guess < 5; guess++) await enter(plane, ada.user.email, 'x', { cookie: his })
    expect((await enter(plane, ada.user.email, PASSWORD, { cookie: his })).statusCode).toBe(429)
  })

  it('works on the page too, which says what was wrong', async () => {
    const { plane, ada } = await withPassword()
    const send = (password: string) =>
      plane.app.inject({
        method: 'POST',
        url: '/signin',
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN },
        payload: new URLSearchParams({ email: ada.user.email, password }).toString(),
      })
    const wrong = await send('wrong')
    expect([wrong.statusCode, wrong.body]).toEqual([401, expect.stringContaining('do not fit together')])
    expect((await send(PASSWORD)).statusCode).toBe(303)
  })

  it('and failing to are both in the audit trail, without the password', async () => {
    const { plane, ada } = await withPassword()
    await enter(plane, ada.user.email, 'a guess of a password')
    await enter(plane, ada.user.email, PASSWORD)
    const { text } = await plane.call('GET', '/audit-logs')
    expect(text).toContain('"sign-in-refused"')
    expect(text).toContain('"sign-in"')
    expect(text).not.toContain('a guess of a password')
  })
})

describe('a password', () => {
  it('that is changed ends all other sessions, and the old one opens nothing', async () => {
    const { plane, ada } = await withPassword()
    const session = { cookie: cookiesOf(await enter(plane, ada.user.email, PASSWORD)) }
    const change = (body: object) =>
      plane.app.inject({
        method: 'POST',
        url: '/v1/sessions/current/password',
        headers: { ...session, origin: ORIGIN, 'x-portcullis-csrf': '1', 'content-type': 'application/json' },
        payload: JSON.stringify(body),
      })
    expect((await change({ new_password: 'another long one' })).statusCode).toBe(400)
    expect((await change({ current_password: 'wrong', new_password: 'another long one' })).statusCode).toBe(400)
    expect((await change({ current_password: PASSWORD, new_password: 'short' })).statusCode).toBe(400)
    expect((await change({ current_password: PASSWORD, new_password: 'another long one' })).statusCode).toBe(200)
    const ask = (headers: Record<string, string>) => plane.app.inject({ url: '/v1/sessions/current', headers })
    expect((await ask(session)).statusCode).toBe(200)
    expect((await ask({ ...ada.headers })).statusCode).toBe(401)
    expect((await enter(plane, ada.user.email, PASSWORD)).statusCode).toBe(401)
    expect((await enter(plane, ada.user.email, 'another long one')).statusCode).toBe(200)
  })

  it('that is forgotten is replaced by who comes in by a link', async () => {
    const { plane, ada } = await withPassword()
    const made = await plane.call('POST', `/admin/users/${ada.user.id}/sign-in-link`)
    const { pathname, search } = new URL(String(made.body['link']))
    const cookie = cookiesOf(await plane.app.inject({ url: pathname + search }))
    const changed = await plane.app.inject({
      method: 'POST',
      url: '/v1/sessions/current/password',
      headers: { cookie, origin: ORIGIN, 'x-portcullis-csrf': '1', 'content-type': 'application/json' },
      payload: JSON.stringify({ new_password: 'another long one' }),
    })
    expect(changed.statusCode).toBe(200)
    expect((await enter(plane, ada.user.email, 'another long one')).statusCode).toBe(200)
  })
})

describe('the form for a password', () => {
  const send = ({ app }: ControlPlane, cookie: string, fields: Record<string, string>, origin = ORIGIN) =>
    app.inject({
      method: 'POST',
      url: '/password',
      headers: { cookie, origin, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(fields).toString(),
    })

  it('sets one for who came in by a link, in a browser and without knowing another', async () => {
    const { plane, ada } = await withPassword()
    const made = await plane.call('POST', `/admin/users/${ada.user.id}/sign-in-link`)
    const { pathname, search } = new URL(String(made.body['link']))
    const cookie = cookiesOf(await plane.app.inject({ url: pathname + search }))
    expect((await plane.app.inject({ url: '/', headers: { cookie } })).body).not.toContain('Present password')
    const short = await send(plane, cookie, { new_password: 'short' })
    expect([short.statusCode, short.body]).toEqual([400, expect.stringContaining('at least 12 characters</p>')])
    const done = await send(plane, cookie, { new_password: 'another long one' })
    expect([done.statusCode, done.body]).toEqual([200, expect.stringContaining('Your password is set.')])
    expect((await enter(plane, ada.user.email, 'another long one')).statusCode).toBe(200)
    expect((await plane.call('GET', '/audit-logs?action=change-password')).body).toMatchObject({ total: 1 })
  })

  it('asks whoever signed in with a password for that one', async () => {
    const { plane, ada } = await withPassword()
    const cookie = cookiesOf(await enter(plane, ada.user.email, PASSWORD))
    expect((await plane.app.inject({ url: '/', headers: { cookie } })).body).toContain('Present password')
    for (const guess of [{}, { current_password: 'wrong' }]) {
      const refused = await send(plane, cookie, { ...guess, new_password: 'another long one' })
      expect([refused.statusCode, refused.body]).toEqual([400, expect.stringContaining('is not the right one')])
    }
    const known = { current_password: PASSWORD, new_password: 'another long one' }
    expect((await send(plane, cookie, known)).statusCode).toBe(200)
    expect((await enter(plane, ada.user.email, PASSWORD)).statusCode).toBe(401)
  })

  it('is nothing for other sites, and nothing for strangers', async () => {
    const { plane, ada } = await withPassword()
    const cookie = cookiesOf(await enter(plane, ada.user.email, PASSWORD))
    const fields = { current_password: PASSWORD, new_password: 'another long one' }
    expect((await send(plane, cookie, fields, 'https://elsewhere.example')).statusCode).toBe(403)
    expect((await send(plane, '', fields)).statusCode).toBe(303)
    expect((await enter(plane, ada.user.email, PASSWORD)).statusCode).toBe(200)
  })
})

describe('a session', () => {
  it('changes nothing without the header that forms cannot send', async () => {
    const { plane } = await withPassword()
    const owner = await signIn(plane, 'owner')
    const { 'x-portcullis-csrf': _missing, ...headers } = owner.headers
    const response = await plane.app.inject({
      method: 'POST',
      url: '/v1/admin/workspaces',
      headers: { ...headers, 'content-type': 'application/json' },
      payload: '{"name":"Made by a form"}',
    })
    expect([response.statusCode, response.body]).toEqual([403, expect.stringContaining('x-portcullis-csrf')])
  })

  it('ends by DELETE, and after the hours that the organisation has set', async () => {
    const { plane, ada } = await withPassword()
    await plane.call('PUT', '/organisation', { session_hours: 1 })
    const response = await enter(plane, ada.user.email, PASSWORD)
    expect(String(response.headers['set-cookie'])).toContain('Max-Age=3600')
    const headers = { cookie: cookiesOf(response) }
    plane.clock.advance(3_600_000)
    expect((await plane.app.inject({ url: '/v1/sessions/current', headers })).statusCode).toBe(401)
    const second = { cookie: cookiesOf(await enter(plane, ada.user.email, PASSWORD)), origin: ORIGIN }
    await plane.app.inject({ method: 'DELETE', url: '/v1/sessions/current', headers: second })
    expect((await plane.app.inject({ url: '/v1/sessions/current', headers: second })).statusCode).toBe(401)
  })

  it('of a member of no workspace sees nothing of the organisation', async () => {
    const plane = await startControlPlane()
    const nobody = await signIn(plane, 'member')
    const ask = (url: string) => plane.app.inject({ url, headers: nobody.headers })
    expect((await ask('/v1/sessions/current')).json()).toMatchObject({ workspace: null, workspaces: [], scopes: [] })
    expect((await ask('/v1/admin/workspaces')).statusCode).toBe(403)
    expect((await ask('/')).body).not.toContain('@sandbox')
  })
})

import { describe, expect, it } from 'vitest'
import { ALL_WORKSPACE_SCOPES, startControlPlane } from './harness.ts'
import { serveUnpriced, startReceiver } from './alert-receiver.ts'

const TRUSTED = { trustedHosts: ['127.0.0.1'] }
const WEBHOOK = { name: 'Ops', kind: 'webhook', url: 'https://hooks.example.com/portcullis?token=abc-123-secret' }

describe('channels', () => {
  it('one that is made can be read, changed and removed', async () => {
    const { call } = await startControlPlane()
    const made = await call('POST', '/alerts/channels', WEBHOOK)
    expect(made).toMatchObject({ status: 200, body: { object: 'alert-channel' } })
    const { id } = made.body as unknown as { id: string }

    expect((await call('GET', `/alerts/channels/${id}`)).body).toMatchObject({
      name: 'Ops',
      kind: 'webhook',
      events: ['*'],
      workspace_id: null,
      url: 'https://hooks.example.com',
      to: null,
      enabled: true,
    })
    const changed = { name: 'Night shift', events: ['budget.exhausted', 'budget.exhausted'], enabled: false }
    expect((await call('PUT', `/alerts/channels/${id}`, changed)).status).toBe(200)
    expect((await call('GET', '/alerts/channels')).body).toMatchObject({
      total: 1,
      data: [{ name: 'Night shift', events: ['budget.exhausted'], enabled: false, url: 'https://hooks.example.com' }],
    })
    expect((await call('DELETE', `/alerts/channels/${id}`)).status).toBe(200)
    expect((await call('GET', `/alerts/channels/${id}`)).status).toBe(404)
  })

  it('a signing secret is made and shown once; a chosen one is not shown at all', async () => {
    const { call } = await startControlPlane()
    const made = (await call('POST', '/alerts/channels', WEBHOOK)).body as unknown as { id: string; secret: string }
    expect(made.secret).toMatch(/^whsec_[\w-]{32}$/)
    const chosen = await call('POST', '/alerts/channels', { ...WEBHOOK, secret: 'a-secret-of-our-own' })
    expect(chosen.body).toMatchObject({ secret: null })
    const slack = await call('POST', '/alerts/channels', { ...WEBHOOK, kind: 'slack' })
    expect(slack.body).toMatchObject({ secret: null })
  })

  it('no answer, no audit entry and no column shows an address or a secret in the clear', async () => {
    const { call, store } = await startControlPlane()
    const made = (await call('POST', '/alerts/channels', WEBHOOK)).body as unknown as { id: string; secret: string }
    await call('PUT', `/alerts/channels/${made.id}`, { url: 'https://other.example.com/hidden-part-of-it' })
    const shown = [
      (await call('GET', '/alerts/channels')).text,
      (await call('GET', `/alerts/channels/${made.id}`)).text,
      JSON.stringify(await store.db.selectFrom('alert_channels').selectAll().execute()),
      JSON.stringify(await store.db.selectFrom('audit_entries').selectAll().execute()),
    ].join('\n')
    expect(shown).toContain('https://other.example.com')
    for (const secret of [made.secret, 'abc-123-secret', 'hidden-part-of-it']) expect(shown).not.toContain(secret)
  })

  it.each([
    [{ name: 'x', kind: 'webhook' }, /url: is required for a channel of kind webhook/],
    [{ ...WEBHOOK, to: ['a@example.com'] }, /to: is not for a channel of kind webhook/],
    [{ ...WEBHOOK, kind: 'slack', secret: 'sixteen-characters' }, /secret: is not for a channel of kind slack/],
    [{ ...WEBHOOK, secret: 'short' }, /secret: /],
    [{ ...WEBHOOK, url: 'ftp://hooks.example.com' }, /url: has to be an address/],
    [{ ...WEBHOOK, url: 'http://hooks.example.com/' }, /url: a credential may travel without encryption/],
    [{ ...WEBHOOK, url: 'https://127.0.0.1/hook' }, /url: it is a private, loopback/],
    [{ ...WEBHOOK, url: 'https://169.254.169.254/latest' }, /url: it is a private, loopback/],
    [{ ...WEBHOOK, url: 'https://2130706433/hook' }, /url: its address is spelt oddly/],
    [{ ...WEBHOOK, url: 'https://user:pass@hooks.example.com/' }, /url: it may not carry a user name/],
    [{ ...WEBHOOK, url: 'https://metadata.google.internal/?x=1' }, /url: \.internal names are reserved/],
    [{ ...WEBHOOK, events: ['budget.exploded'] }, /events\.0: /],
    [{ ...WEBHOOK, events: [] }, /events: /],
    [{ name: 'x', kind: 'email', to: ['not an address'] }, /to\.0: has to be an e-mail address/],
    [{ name: 'x', kind: 'email', to: ['a@example.com'] }, /kind: this gateway has no mail server/],
    [{ name: 'x', kind: 'pager', url: 'https://a.example.com' }, /kind: /],
  ])('%j is refused with the reason', async (body, reason) => {
    const { call } = await startControlPlane()
    const answer = await call('POST', '/alerts/channels', body)
    expect(answer).toMatchObject({ status: 400, body: { data: { message: expect.stringMatching(reason) } } })
    expect((await call('GET', '/alerts/channels')).body).toMatchObject({ total: 0 })
  })

  it('a channel stays of its kind, and a bad address leaves it as it was', async () => {
    const { call } = await startControlPlane()
    const { id } = (await call('POST', '/alerts/channels', WEBHOOK)).body as unknown as { id: string }
    for (const [body, reason] of [
      [{ to: ['a@example.com'] }, /to: is not for a channel of kind webhook/],
      [{ url: 'https://10.0.0.1/' }, /url: it is a private/],
      [{ kind: 'slack' }, /"kind" is not known here/],
    ] as const) {
      expect(await call('PUT', `/alerts/channels/${id}`, body)).toMatchObject({
        status: 400,
        body: { data: { message: expect.stringMatching(reason) } },
      })
    }
    expect((await call('GET', `/alerts/channels/${id}`)).body).toMatchObject({ url: 'https://hooks.example.com' })
  })

  it('there are at most fifty for a workspace', async () => {
    const { call, workspace } = await startControlPlane()
    const body = { ...WEBHOOK, workspace_id: workspace.id }
    for (let made = 0; made < 50; made++) expect((await call('POST', '/alerts/channels', body)).status).toBe(200)
    expect(await call('POST', '/alerts/channels', body)).toMatchObject({ status: 409 })
    expect((await call('POST', '/alerts/channels', WEBHOOK)).status).toBe(200)
  })
})

describe('tenants', () => {
  it('to a workspace, channels of others and of the organisation do not exist', async () => {
    const plane = await startControlPlane(TRUSTED)
    const { call, newKey, otherWorkspace } = plane
    const receiver = await startReceiver()
    const body = { name: 'x', kind: 'webhook', url: receiver.origin }
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const foreign = [
      await call('POST', '/alerts/channels', { ...body, workspace_id: otherWorkspace.id }),
      await call('POST', '/alerts/channels', body),
    ].map((made) => (made.body as unknown as { id: string }).id)
    const own = (await call('POST', '/alerts/channels', body, key)).body as unknown as { id: string }

    expect((await call('GET', '/alerts/channels', undefined, key)).body).toMatchObject({
      total: 1,
      data: [{ id: own.id, workspace_id: plane.workspace.id }],
    })
    for (const id of foreign) {
      for (const [method, path, sent] of [
        ['GET', `/alerts/channels/${id}`, undefined],
        ['PUT', `/alerts/channels/${id}`, { name: 'mine' }],
        ['DELETE', `/alerts/channels/${id}`, undefined],
        ['POST', `/alerts/channels/${id}/test`, undefined],
      ] as const) {
        expect((await call(method, path, sent, key)).status, `${method} ${path}`).toBe(404)
      }
    }
    expect((await call('POST', '/alerts/channels', { ...body, workspace_id: otherWorkspace.id }, key)).status).toBe(404)
    expect((await call('GET', `/alerts?workspace_id=${otherWorkspace.id}`, undefined, key)).status).toBe(404)
    expect(receiver.got).toEqual([])
  })

  it('a workspace hears only of itself, the organisation of all', async () => {
    const plane = await startControlPlane(TRUSTED)
    const { call, alerts, workspace, otherWorkspace, newKey } = plane
    const receiver = await startReceiver()
    for (const [path, workspaceId] of [
      ['/own', workspace.id],
      ['/other', otherWorkspace.id],
      ['/all', undefined],
    ] as const) {
      const body = { name: path, kind: 'webhook', url: `${receiver.origin}${path}`, workspace_id: workspaceId }
      expect((await call('POST', '/alerts/channels', body)).status).toBe(200)
    }
    serveUnpriced(plane, 'model-a', workspace.id)
    serveUnpriced(plane, 'model-b', otherWorkspace.id)
    await alerts.settle()

    const heard = receiver.got.map(({ path, body }) => `${path} ${JSON.parse(body).data.model}`)
    expect(heard.toSorted()).toEqual(['/all model-a', '/all model-b', '/other model-b', '/own model-a'])

    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const seen = (await call('GET', '/alerts', undefined, key)).body
    expect(seen).toMatchObject({ total: 1, data: [{ channel_name: '/own', data: { model: 'model-a' } }] })
    expect((await call('GET', '/alerts')).body).toMatchObject({ total: 4 })
  })

  it('a channel hears of nothing that it did not ask for', async () => {
    const plane = await startControlPlane(TRUSTED)
    const receiver = await startReceiver()
    const body = { name: 'x', kind: 'webhook', url: receiver.origin, events: ['budget.threshold'] }
    await plane.call('POST', '/alerts/channels', body)
    serveUnpriced(plane, 'model-a')
    await plane.alerts.settle()
    expect(receiver.got).toEqual([])
    expect((await plane.call('GET', '/alerts')).body).toMatchObject({ total: 0 })
  })
})

describe('the test button', () => {
  it('sends now, and tells what the receiver said', async () => {
    const { call, clock } = await startControlPlane(TRUSTED)
    const receiver = await startReceiver()
    const { id } = (await call('POST', '/alerts/channels', { name: 'x', kind: 'slack', url: receiver.origin }))
      .body as unknown as { id: string }
    expect((await call('POST', `/alerts/channels/${id}/test`)).body).toEqual({
      delivered: true,
      status: 200,
      said: 'thanks',
      error: null,
    })
    expect(JSON.parse(receiver.got[0]!.body)).toMatchObject({ text: expect.stringContaining('This is a test') })

    receiver.answer = (response) => void response.writeHead(403).end('invalid_token')
    clock.advance(10_000)
    expect((await call('POST', `/alerts/channels/${id}/test`)).body).toEqual({
      delivered: false,
      status: 403,
      said: 'invalid_token',
      error: 'answered 403',
    })
    expect((await call('GET', '/alerts')).body).toMatchObject({ total: 0 })
  })

  it('is no way to send again and again', async () => {
    const { call, clock } = await startControlPlane(TRUSTED)
    const receiver = await startReceiver()
    const { id } = (await call('POST', '/alerts/channels', { name: 'x', kind: 'webhook', url: receiver.origin }))
      .body as unknown as { id: string }
    await call('POST', `/alerts/channels/${id}/test`)
    const again = await call('POST', `/alerts/channels/${id}/test`)
    expect(again).toMatchObject({ status: 429, headers: { 'retry-after': '10' } })
    clock.advance(10_000)
    expect((await call('POST', `/alerts/channels/${id}/test`)).status).toBe(200)
    expect(receiver.got).toHaveLength(2)
  })

  it('shows to nobody but administrators what a machine of the private network answers', async () => {
    const { call, newKey } = await startControlPlane(TRUSTED)
    const receiver = await startReceiver()
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const { id } = (await call('POST', '/alerts/channels', { name: 'x', kind: 'webhook', url: receiver.origin }, key))
      .body as unknown as { id: string }
    expect((await call('POST', `/alerts/channels/${id}/test`, undefined, key)).body).toEqual({
      delivered: true,
      status: 200,
      said: null,
      error: null,
    })
  })
})

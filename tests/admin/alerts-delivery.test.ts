import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { openAlerts } from '../../src/alerts/open-alerts.ts'
import { newId } from '../../src/core/ids.ts'
import { publicLookup } from '../../src/providers/transport.ts'
import { addDeliveries } from '../../src/store/alert-deliveries.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'
import { OK, serveUnpriced, startReceiver } from './alert-receiver.ts'

const TRUSTED = { trustedHosts: ['127.0.0.1'] }

async function addWebhook(
  plane: ControlPlane,
  url: string,
  more: object = {},
): Promise<{ id: string; secret: string }> {
  const made = await plane.call('POST', '/alerts/channels', { name: url, kind: 'webhook', url, ...more })
  expect(made.status).toBe(200)
  return made.body as unknown as { id: string; secret: string }
}

async function latest(plane: ControlPlane, query = ''): Promise<readonly Record<string, unknown>[]> {
  return (await plane.call('GET', `/alerts${query}`)).body.data as unknown as Record<string, unknown>[]
}

it('an alert arrives as it is documented, with the id that every repetition of it has', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receiver = await startReceiver()
  await addWebhook(plane, `${receiver.origin}/hook?token=1`)
  serveUnpriced(plane, 'claude-next-9')
  await plane.alerts.settle()

  const [received] = receiver.got
  expect(received).toMatchObject({
    path: '/hook?token=1',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'portcullis/1.2.3',
      'portcullis-event': 'model.unpriced',
      'portcullis-signature': expect.stringMatching(/^t=\d{10},v1=[0-9a-f]{64}$/),
    },
  })
  const body = JSON.parse(received!.body)
  expect(body).toEqual({
    id: received!.headers['portcullis-delivery'],
    type: 'model.unpriced',
    created_at: expect.stringMatching(/^2026-11-23T00:00:00/),
    severity: 'warning',
    title: 'There is no price for the model claude-next-9',
    text: expect.stringContaining('POST /v1/prices'),
    organisation_id: plane.workspace.organisationId,
    workspace_id: plane.workspace.id,
    data: { model: 'claude-next-9', provider: '@sandbox' },
  })
  expect(await latest(plane)).toMatchObject([{ id: body.id, state: 'delivered', attempts: 1, last_error: null }])
})

it('one that is not taken is sent again after growing pauses, twelve times in about a day, and then given up', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receiver = await startReceiver()
  await addWebhook(plane, receiver.origin)
  receiver.answer = (response) => void response.writeHead(500).end('broken, with a secret of its own')
  serveUnpriced(plane, 'model-a')
  await plane.alerts.settle()

  const begun = plane.clock.now()
  const tries: number[] = []
  for (let seconds = 0; seconds < 30 * 3600; seconds += 10) {
    if (receiver.got.length > tries.length) tries.push(Math.round((plane.clock.now() - begun) / 1000))
    plane.clock.advance(10_000)
    await plane.alerts.settle()
  }
  expect(tries).toEqual([0, 10, 40, 100, 280, 880, 2680, 6280, 13480, 27880, 49480, 71080])
  expect(new Set(receiver.got.map(({ body }) => body)).size).toBe(1)
  const [row] = await latest(plane)
  expect(row).toMatchObject({ state: 'failed', attempts: 12, last_error: 'answered 500', next_attempt_at: null })
  expect(JSON.stringify(await plane.store.db.selectFrom('alert_deliveries').selectAll().execute())).not.toContain(
    'secret of its own',
  )
})

it('every repetition is signed anew, so that a receiver may refuse what is old', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receiver = await startReceiver()
  await addWebhook(plane, receiver.origin)
  receiver.answer = (response, ordinal) => void response.writeHead(ordinal === 1 ? 503 : 204).end()
  serveUnpriced(plane, 'model-a')
  await plane.alerts.settle()
  plane.clock.advance(10_000)
  await plane.alerts.settle()
  const times = receiver.got.map(({ headers }) => Number(/^t=(\d+)/.exec(String(headers['portcullis-signature']))?.[1]))
  expect(times).toHaveLength(2)
  expect(times[1]! - times[0]!).toBe(10)
})

it('a restart goes on where the last process stopped, and repeats nothing that has arrived', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receiver = await startReceiver()
  await addWebhook(plane, receiver.origin)
  serveUnpriced(plane, 'arrived')
  await plane.alerts.settle()
  receiver.answer = (response) => void response.writeHead(502).end()
  serveUnpriced(plane, 'refused')
  await plane.alerts.settle()
  await plane.alerts.close()

  receiver.answer = OK
  plane.clock.advance(3_600_000)
  const next = openAlerts({
    clock: plane.clock,
    db: plane.store.db,
    organisationId: plane.workspace.organisationId,
    vault: plane.vault,
    trustedHosts: TRUSTED.trustedHosts,
    lookup: publicLookup,
    mailServer: undefined,
    version: '1.2.3',
    report: (message) => expect.fail(message),
  })
  await next.settle()
  // What has been told before the restart is the same event after it.
  serveUnpriced({ ...plane, alerts: next }, 'arrived')
  serveUnpriced({ ...plane, alerts: next }, 'refused')
  await next.settle()
  await next.close()
  expect(receiver.got.map(({ body }) => JSON.parse(body).data.model)).toEqual(['arrived', 'refused', 'refused'])
  expect(receiver.got[1]!.body).toBe(receiver.got[2]!.body)
})

it('what was under way when the process stopped is sent again by the next', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receiver = await startReceiver()
  await addWebhook(plane, receiver.origin)
  receiver.answer = () => undefined
  serveUnpriced(plane, 'model-a')
  await receiver.arrived(1)
  await plane.alerts.close()
  expect(await latest(plane)).toMatchObject([{ state: 'waiting', attempts: 0 }])
})

it('an event is told once, however often it is noticed', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receiver = await startReceiver()
  await addWebhook(plane, receiver.origin)
  for (let times = 0; times < 20; times++) {
    serveUnpriced(plane, 'model-a')
    if (times % 7 === 0) await plane.alerts.settle()
  }
  await plane.alerts.settle()
  expect(receiver.got).toHaveLength(1)
})

it('redirects are not followed', async () => {
  const plane = await startControlPlane(TRUSTED)
  const [receiver, elsewhere] = [await startReceiver(), await startReceiver()]
  await addWebhook(plane, receiver.origin)
  receiver.answer = (response) => void response.writeHead(307, { location: elsewhere.origin }).end()
  serveUnpriced(plane, 'model-a')
  await plane.alerts.settle()
  expect(elsewhere.got).toEqual([])
  expect(await latest(plane)).toMatchObject([{ last_error: 'answered 307; redirects are not followed' }])
})

it('a host that an operator vouches for no longer is not asked', async () => {
  const trustedHosts = ['127.0.0.1']
  const plane = await startControlPlane({ trustedHosts })
  const receiver = await startReceiver()
  await addWebhook(plane, receiver.origin)
  trustedHosts.length = 0
  serveUnpriced(plane, 'model-a')
  await plane.alerts.settle()
  expect(receiver.got).toEqual([])
  expect(await latest(plane)).toMatchObject([{ last_error: expect.stringContaining('its host is not asked') }])
})

it('an answer without an end counts by its status, and is not read to the end', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receiver = await startReceiver()
  await addWebhook(plane, receiver.origin)
  const closed = new Promise<void>((resolve) => {
    receiver.answer = (response) => {
      response.on('close', resolve)
      const more = () => response.writable && response.write('x'.repeat(65_536), () => setImmediate(more))
      more()
    }
  })
  serveUnpriced(plane, 'model-a')
  await plane.alerts.settle()
  await closed
  expect(await latest(plane)).toMatchObject([{ state: 'delivered' }])
})

it('one who never answers is given up after ten seconds and asked again, and nobody else waits for that', async () => {
  const plane = await startControlPlane(TRUSTED)
  const [slow, quick] = [await startReceiver(), await startReceiver()]
  await addWebhook(plane, slow.origin)
  slow.answer = () => undefined
  serveUnpriced(plane, 'model-a')
  await slow.arrived(1)
  await addWebhook(plane, quick.origin)
  serveUnpriced(plane, 'model-b')
  await quick.arrived(1)
  while ((await latest(plane, '?state=delivered')).length === 0) await new Promise(setImmediate)
  plane.clock.advance(10_000)
  await plane.alerts.settle()
  expect(await latest(plane, '?state=delivered')).toMatchObject([{ data: { model: 'model-b' } }])
  expect(await latest(plane, '?state=waiting')).toMatchObject([
    { data: { model: 'model-b' }, attempts: 0 },
    { data: { model: 'model-a' }, attempts: 1, last_error: 'no answer in 10 s' },
  ])
})

it('one who hangs up, or talks nonsense, is asked again', async () => {
  const plane = await startControlPlane(TRUSTED)
  for (const [speak, error] of [
    [(socket: Socket) => socket.destroy(), /^no answer: /],
    [(socket: Socket) => socket.end('this is no HTTP\r\n\r\n'), /^no answer: HTTPParserError/],
  ] as const) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => speak(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())))
    const { id } = await addWebhook(plane, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    serveUnpriced(plane, `model-${id}`)
    await plane.alerts.settle()
    expect(await latest(plane, `?channel_id=${id}`)).toMatchObject([
      { state: 'waiting', attempts: 1, last_error: expect.stringMatching(error) },
    ])
  }
})

it('at most five are under way at the same time, and one to each receiver', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receivers = await Promise.all(Array.from({ length: 8 }, () => startReceiver()))
  const open: (() => void)[] = []
  for (const receiver of receivers) {
    receiver.answer = (response) => void open.push(() => response.end())
    await addWebhook(plane, receiver.origin)
  }
  serveUnpriced(plane, 'model-a')
  serveUnpriced(plane, 'model-b')
  const arrived = () => receivers.reduce((sum, { got }) => sum + got.length, 0)
  let most = 0
  for (let answered = 0; answered < 16;) {
    while (open.length === 0) await new Promise(setImmediate)
    most = Math.max(most, arrived() - answered)
    open.shift()!()
    answered++
  }
  await plane.alerts.settle()
  expect(most).toBeLessThanOrEqual(5)
  expect(receivers.map(({ got }) => got.length)).toEqual(receivers.map(() => 2))
})

it('a receiver that fails does not keep others from their turn, however much waits for it', async () => {
  const plane = await startControlPlane(TRUSTED)
  const [dead, alive] = [await startReceiver(), await startReceiver()]
  dead.answer = (response) => void response.writeHead(500).end()
  await addWebhook(plane, dead.origin)
  for (let model = 0; model < 150; model++) serveUnpriced(plane, `model-${model}`)
  await plane.alerts.settle()
  const tried = dead.got.length
  expect(tried).toBe(1)
  await addWebhook(plane, alive.origin)
  serveUnpriced(plane, 'last')
  await plane.alerts.settle()
  expect(alive.got.map(({ body }) => JSON.parse(body).data.model)).toEqual(['last'])
  expect(dead.got).toHaveLength(tried)
})

it('one who is new has a turn before those who were first have everything', async () => {
  const plane = await startControlPlane(TRUSTED)
  const busy = await Promise.all(Array.from({ length: 5 }, () => startReceiver()))
  const late = await startReceiver()
  const open: (() => void)[] = []
  for (const receiver of busy) {
    receiver.answer = (response) => void open.push(() => response.end())
    await addWebhook(plane, receiver.origin)
  }
  for (let model = 0; model < 10; model++) serveUnpriced(plane, `model-${model}`)
  await Promise.all(busy.map(({ arrived }) => arrived(1)))
  await addWebhook(plane, late.origin)
  serveUnpriced(plane, 'last')
  while ((await latest(plane, '?state=waiting&event=model.unpriced')).length < 56) await new Promise(setImmediate)

  const arrived = () => busy.reduce((sum, { got }) => sum + got.length, 0)
  let answered = 0
  for (; late.got.length === 0; answered++) {
    while (open.length === 0 && late.got.length === 0) await new Promise(setImmediate)
    open.shift()?.()
  }
  expect(answered).toBeLessThanOrEqual(10)
  expect(arrived()).toBeLessThan(20)
})

it('a receiver is sent a thousand alerts in a day and no more', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receiver = await startReceiver()
  const { id } = await addWebhook(plane, receiver.origin)
  const now = plane.clock.now()
  const before = Array.from({ length: 999 }, (_, at) => ({
    id: newId<'delivery'>(now),
    once: `before ${at}`,
    organisationId: plane.workspace.organisationId,
    workspaceId: undefined,
    channelId: id,
    address: undefined,
    event: 'model.unpriced',
    payload: '{}',
    attempts: 0,
    createdAt: now,
  }))
  await addDeliveries(plane.store.db, before)
  await plane.store.db.updateTable('alert_deliveries').set({ state: 'delivered' }).execute()
  for (const model of ['model-a', 'model-b', 'model-c']) serveUnpriced(plane, model)
  await plane.alerts.settle()
  expect(receiver.got.map(({ body }) => JSON.parse(body).data.model)).toEqual(['model-a'])
  expect(plane.problems.length).toBeGreaterThan(0)
  plane.clock.advance(86_400_001)
  serveUnpriced(plane, 'the next day')
  await plane.alerts.settle()
  expect(receiver.got).toHaveLength(2)
})

it('a channel that is switched off gets nothing of what waited for it, one that is removed leaves nothing behind', async () => {
  const plane = await startControlPlane(TRUSTED)
  const [off, gone] = [await startReceiver(), await startReceiver()]
  off.answer = gone.answer = (response) => void response.writeHead(500).end()
  const { id: offId } = await addWebhook(plane, off.origin)
  const { id: goneId } = await addWebhook(plane, gone.origin)
  serveUnpriced(plane, 'model-a')
  await plane.alerts.settle()
  await plane.call('PUT', `/alerts/channels/${offId}`, { enabled: false })
  await plane.call('DELETE', `/alerts/channels/${goneId}`)
  plane.clock.advance(3_600_000)
  await plane.alerts.settle()
  expect([off.got.length, gone.got.length]).toEqual([1, 1])
  expect(await latest(plane)).toMatchObject([
    { channel_id: offId, state: 'failed', last_error: 'the channel was switched off' },
  ])
})

it('what waits goes to the new address of a channel', async () => {
  const plane = await startControlPlane(TRUSTED)
  const [before, after] = [await startReceiver(), await startReceiver()]
  before.answer = (response) => void response.writeHead(410).end()
  const { id, secret } = await addWebhook(plane, before.origin)
  serveUnpriced(plane, 'model-a')
  await plane.alerts.settle()
  await plane.call('PUT', `/alerts/channels/${id}`, { url: after.origin })
  plane.clock.advance(60_000)
  await plane.alerts.settle()
  expect(after.got).toHaveLength(1)
  expect(secret).toMatch(/^whsec_/)
  expect(after.got[0]!.headers['portcullis-signature']).toBeDefined()
})

it('alerts wait in memory while the store refuses, and nothing is lost by that', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receiver = await startReceiver()
  await addWebhook(plane, receiver.origin)
  await plane.store.db.schema.alterTable('alert_deliveries').renameTo('hidden').execute()
  serveUnpriced(plane, 'model-a')
  await plane.alerts.settle()
  expect(plane.problems.length).toBeGreaterThan(0)
  await plane.store.db.schema.alterTable('hidden').renameTo('alert_deliveries').execute()
  plane.clock.advance(10_000)
  await plane.alerts.settle()
  expect(receiver.got).toHaveLength(1)
})

it('a thousand alerts wait for the store and no more, and the operator is told once that others are lost', async () => {
  const plane = await startControlPlane(TRUSTED)
  await plane.alerts.settle()
  for (let at = 0; at < 1_100; at++) serveUnpriced(plane, `model ${at}`)
  expect(plane.problems).toEqual(['alerts are dropped: too many wait for the store'])
  await plane.alerts.settle()
})

it('what was delivered or given up is forgotten after thirty days', async () => {
  const plane = await startControlPlane(TRUSTED)
  const receiver = await startReceiver()
  await addWebhook(plane, receiver.origin)
  serveUnpriced(plane, 'model-a')
  await plane.alerts.settle()
  for (const [days, left] of [
    [29, 1],
    [2, 0],
  ] as const) {
    plane.clock.advance(days * 86_400_000)
    await plane.alerts.settle()
    expect(await latest(plane)).toHaveLength(left)
  }
})

import { createServer, type AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { expect, it, onTestFinished } from 'vitest'
import type { Budget } from '../../src/limits/limit.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'
import { serveUnpriced } from './alert-receiver.ts'

const FROM = 'Portcullis <portcullis@example.com>'

/** A mail server that keeps what it takes. */
async function startMailServer(options: SMTPServerOptions = {}) {
  const mails: { readonly to: readonly string[]; readonly text: string }[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address)
        mails.push({ to, text: Buffer.concat(chunks).toString('utf8') })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)))
  return { mails, port: (server.server.address() as AddressInfo).port }
}

async function addMailbox(plane: ControlPlane, to: readonly string[]): Promise<string> {
  const made = await plane.call('POST', '/alerts/channels', { name: 'Mail', kind: 'email', to })
  expect(made.status).toBe(200)
  return (made.body as unknown as { id: string }).id
}

it('an alert is mailed to every address of its channel, with the same message id in every repetition', async () => {
  let refuse = true
  const { mails, port } = await startMailServer({
    onMailFrom: (_address, _session, done) => (refuse ? done(new Error('try again later')) : done()),
  })
  const plane = await startControlPlane({ mailServer: { url: `smtp://127.0.0.1:${port}`, from: FROM } })
  await addMailbox(plane, ['ops@example.com', 'night@example.com'])
  serveUnpriced(plane, 'claude-next-9')
  await plane.alerts.settle()
  const { data } = (await plane.call('GET', '/alerts')).body
  expect(data).toMatchObject([{ state: 'waiting', last_error: 'the mail server failed: EENVELOPE 550' }])

  refuse = false
  plane.clock.advance(10_000)
  await plane.alerts.settle()
  expect(mails).toHaveLength(1)
  const [mail] = mails
  expect(mail!.to).toEqual(['ops@example.com', 'night@example.com'])
  expect(mail!.text).toContain('From: Portcullis <portcullis@example.com>')
  expect(mail!.text).toContain('Subject: [Portcullis] There is no price for the model claude-next-9')
  expect(mail!.text).toContain('Auto-Submitted: auto-generated')
  expect(mail!.text).toContain(`Message-ID: <${String(data[0]!['id'])}@portcullis>`)
  expect(mail!.text).toContain('POST /v1/prices')
})

it('the test button says what the mail server said no to, in our words', async () => {
  const { port } = await startMailServer({
    onRcptTo: (_address, _session, done) => done(new Error('no such mailbox here, says a very talkative server')),
  })
  const plane = await startControlPlane({ mailServer: { url: `smtp://127.0.0.1:${port}`, from: FROM } })
  const id = await addMailbox(plane, ['gone@example.com'])
  expect((await plane.call('POST', `/alerts/channels/${id}/test`)).body).toEqual({
    delivered: false,
    status: null,
    said: null,
    error: 'the mail server failed: EENVELOPE 550',
  })
})

it('one refused address of several is told, and nobody who has the mail gets it again', async () => {
  const { mails, port } = await startMailServer({
    onRcptTo: ({ address }, _session, done) => (address.startsWith('gone') ? done(new Error('no')) : done()),
  })
  const plane = await startControlPlane({ mailServer: { url: `smtp://127.0.0.1:${port}`, from: FROM } })
  const id = await addMailbox(plane, ['gone@example.com', 'ops@example.com'])
  expect((await plane.call('POST', `/alerts/channels/${id}/test`)).body).toMatchObject({
    delivered: true,
    error: 'the mail server refused 1 of 2 addresses',
  })
  serveUnpriced(plane, 'model-a')
  await plane.alerts.settle()
  plane.clock.advance(86_400_000)
  await plane.alerts.settle()
  expect(mails.map(({ to }) => to)).toEqual([['ops@example.com'], ['ops@example.com']])
  expect((await plane.call('GET', '/alerts')).body.data).toMatchObject([
    { state: 'delivered', attempts: 1, last_error: 'the mail server refused 1 of 2 addresses' },
  ])
})

it('a password does not travel to a server that offers no encryption', async () => {
  let asked = 0
  const { mails, port } = await startMailServer({
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => {
      asked += 1
      done(null, { user: 'portcullis' })
    },
  })
  const plane = await startControlPlane({
    mailServer: { url: `smtp://portcullis:p%40ss-word@127.0.0.1:${port}`, from: FROM },
  })
  const id = await addMailbox(plane, ['ops@example.com'])
  const { text, body } = await plane.call('POST', `/alerts/channels/${id}/test`)
  expect(body).toMatchObject({ delivered: false, error: expect.stringContaining('offers no encryption') })
  expect([asked, mails.length]).toEqual([0, 0])
  expect(text).not.toContain('p@ss-word')
})

it('a mail server that never speaks is given up after ten seconds', async () => {
  const { promise: connected, resolve } = Promise.withResolvers<void>()
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    resolve()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => new Promise<void>((closed) => void server.close(() => closed())))
  const { port } = server.address() as AddressInfo
  const plane = await startControlPlane({ mailServer: { url: `smtp://127.0.0.1:${port}`, from: FROM } })
  await addMailbox(plane, ['ops@example.com'])
  serveUnpriced(plane, 'model-a')
  await connected
  plane.clock.advance(10_000)
  await plane.alerts.settle()
  expect((await plane.call('GET', '/alerts')).body.data).toMatchObject([
    { state: 'waiting', attempts: 1, last_error: 'the mail server took longer than 10 s' },
  ])
})

it('names that people choose cannot add a header to a mail', async () => {
  const { mails, port } = await startMailServer()
  const plane = await startControlPlane({ mailServer: { url: `smtp://127.0.0.1:${port}`, from: FROM } })
  await addMailbox(plane, ['ops@example.com'])
  serveUnpriced(plane, 'model\r\nBcc: everybody@example.com\r\n\r\nhello')
  await plane.alerts.settle()
  expect(mails[0]!.to).toEqual(['ops@example.com'])
  const [headers = ''] = mails[0]!.text.split('\r\n\r\n')
  expect(headers).not.toMatch(/^Bcc:/im)
})

it('a key’s own addresses hear of its budget, each by a mail of its own, and nobody else’s', async () => {
  const { mails, port } = await startMailServer()
  const plane = await startControlPlane({ mailServer: { url: `smtp://127.0.0.1:${port}`, from: FROM } })
  const usage_limits = { type: 'requests', credit_limit: 4, alert_threshold: 2, periodic_reset: 'monthly' }
  const alert_emails = ['mary@example.com', 'team@example.com']
  const { id } = await plane.newKey(['completions.write'], { name: 'ci', usage_limits, alert_emails })
  await plane.newKey(['completions.write'], { name: 'other', usage_limits, alert_emails: ['eve@example.com'] })

  const limit = await plane.store.db.selectFrom('limits').select('id').where('subject_id', '=', id).executeTakeFirst()
  const budget = plane.directory.rulebook().find(limit!.id) as Budget
  const used = { costNanos: 0n, tokens: 0, requests: 2 }
  const hold = plane.budgets.hold([{ budget, bucket: budget.id }], {
    bound: used,
    expected: used,
    at: plane.clock.now(),
  })
  if (hold.kind === 'hold') hold.settle(used)
  await plane.alerts.settle()

  expect(mails.map(({ to }) => to).toSorted()).toEqual([['mary@example.com'], ['team@example.com']])
  expect(mails[0]!.text).toMatch(/^spent: 2\r?$/m)
  expect(mails[0]!.text).not.toContain('group')
  const own = await plane.call('GET', `/alerts?workspace_id=${plane.workspace.id}`)
  expect(own.body.data.map((row) => [row['address'], row['state'], row['event']]).toSorted()).toEqual([
    ['mary@example.com', 'delivered', 'budget.threshold'],
    ['team@example.com', 'delivered', 'budget.threshold'],
  ])
  expect((await plane.call('GET', `/alerts?workspace_id=${plane.otherWorkspace.id}`)).body).toMatchObject({ total: 0 })
})

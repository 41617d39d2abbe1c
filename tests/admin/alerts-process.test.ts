import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { send } from '../../src/testing/http.ts'
import { OK, startReceiver, type Receiver } from './alert-receiver.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const ADMIN_KEY = 'an-administrators-key-of-the-tests'
const SIGNING = 'a-signing-secret-of-the-tests'
const PROOF = 'the-proof-of-who-may-post'

interface Gateway {
  readonly child: ChildProcess
  readonly url: string
}

/** What all processes on this data folder have printed, on both streams. */
let printed = ''

async function startProcess(data: string, receiver: Receiver): Promise<Gateway> {
  const child = spawn(process.execPath, [MAIN, 'start'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PORT: '0',
      PORTCULLIS_DATA: data,
      PORTCULLIS_ADMIN_KEY: ADMIN_KEY,
      PORTCULLIS_LOG_LEVEL: 'trace',
      TRUSTED_CUSTOM_HOSTS: new URL(receiver.origin).host,
    },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const url = await new Promise<string>((resolve, reject) => {
    let own = ''
    const read = (text: string) => {
      printed += text
      own += text
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(own)?.[0]
      if (found !== undefined) resolve(found)
    }
    child.stdout.setEncoding('utf8').on('data', read)
    child.stderr.setEncoding('utf8').on('data', read)
    child.once('exit', () => reject(new Error(`The gateway did not start: ${own}`)))
  })
  return { child, url }
}

async function call<Answer>({ url }: Gateway, method: string, path: string, document?: object): Promise<Answer> {
  const { status, body } = await send(`${url}/v1${path}`, {
    method,
    headers: ['x-portkey-api-key', ADMIN_KEY, ...(document === undefined ? [] : ['content-type', 'application/json'])],
    ...(document !== undefined && { body: JSON.stringify(document) }),
  }).answer
  expect(`${status} ${body.toString()}`).toMatch(/^200 /)
  return JSON.parse(body.toString()) as Answer
}

async function ask({ url }: Gateway, key: string): Promise<number> {
  const document = { model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }
  const headers = ['x-api-key', key, 'content-type', 'application/json']
  return (await send(`${url}/v1/messages`, { headers, body: JSON.stringify(document) }).answer).status
}

it('a budget of the real gateway tells when it is spent, also when the process is killed before anybody has heard', async () => {
  const data = mkdtempSync(join(tmpdir(), 'portcullis-alerts-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true, maxRetries: 5 }))
  const receiver = await startReceiver()
  receiver.answer = () => undefined
  const first = await startProcess(data, receiver)
  await call(first, 'POST', '/alerts/channels', {
    name: 'Ops',
    kind: 'webhook',
    url: `${receiver.origin}/${PROOF}?token=${PROOF}`,
    secret: SIGNING,
  })
  const { key } = await call<{ key: string }>(first, 'POST', '/api-keys/workspace/service', {
    name: 'ci',
    scopes: ['completions.write'],
    usage_limits: { type: 'requests', credit_limit: 3, alert_threshold: 2, periodic_reset: 'monthly' },
  })
  const answers = [await ask(first, key), await ask(first, key), await ask(first, key), await ask(first, key)]
  expect(answers).toEqual([200, 200, 200, 402])
  await receiver.arrived(1)
  // Written down before it was sent; the one that followed is too, once it is in the list.
  for (let total = 0; total < 2;) ({ total } = await call<{ total: number }>(first, 'GET', '/alerts'))
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')

  receiver.answer = OK
  const second = await startProcess(data, receiver)
  await receiver.arrived(3)
  expect(receiver.got.map(({ body }) => JSON.parse(body).type)).toEqual([
    'budget.threshold',
    'budget.threshold',
    'budget.exhausted',
  ])
  expect(receiver.got[0]!.body).toBe(receiver.got[1]!.body)

  // The new process adds up what was spent and comes to the same amounts again, which are no news.
  expect(await ask(second, key)).toBe(402)
  for (let delivered = 0; delivered < 2;)
    ({ total: delivered } = await call<{ total: number }>(second, 'GET', '/alerts?state=delivered'))
  expect(await call(second, 'GET', '/alerts')).toMatchObject({ total: 2 })
  expect(receiver.got).toHaveLength(3)
  second.child.kill('SIGTERM')
  await once(second.child, 'exit')

  const kept = readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  for (const secret of [SIGNING, PROOF, key]) {
    expect(printed).not.toContain(secret)
    for (const text of kept) expect(text).not.toContain(secret)
  }
}, 60_000)

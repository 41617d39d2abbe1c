import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BUILT_IN_RULES } from '../../src/core/masking/built-in.ts'
import { startGateway } from '../../src/testing/gateway.ts'
import { send } from '../../src/testing/http.ts'

/*
 * A whole gateway as a process of its own, and one secret of every kind in every place where one can stand. Afterwards its whole
 * folder, what it has printed and everything that its API gives back are searched.
 */

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** One for each rule; in two pieces, so that nobody takes them for secrets. */
const CANARIES: Readonly<Record<keyof typeof BUILT_IN_RULES, string>> = {
  anthropic_key: `sk-ant-${'api03-CanaryAnthropic0123456789'}`,
  openai_key: `sk-proj-${'CanaryOpenAi0123456789abcd'}`,
  portcullis_key: `pcl_${'CanaryPortcullis0123456789'}`,
  aws_key: `AKIA${'CANARYAWSKEY1234'}`,
  google_key: `AIza${'CanaryGoogle0123456789abcdefghijklm'}`,
  azure_key: `${'CanaryAzure'.repeat(4)}0123==`,
  github_token: `ghp_${'CanaryGithub0123456789abcdefghijk'}`,
  gitlab_token: `glpat-${'CanaryGitlab01234567'}`,
  slack_token: `xoxb-${'1234567890-CanarySlack'}`,
  stripe_key: `sk_live_${'CanaryStripe0123456789'}`,
  package_token: `npm_${'CanaryPackage0123456789abcdefghijk'}`,
  vendor_key: `hf_${'CanaryVendor0123456789abcdefghijkl'}`,
  private_key: 'CanaryPrivateKeyMIIEowIBAAKCAQEA0123456789',
  jwt: `eyJ${'CanaryJwt0123456789'}.eyJzdWIiOiJjYW5hcnkifQ.${'CanarySignature0123456789'}`,
  bearer_token: 'CanaryBearer0123456789abcdef',
  url_password: 'CanaryUrlPassword0123',
  client_identity: 'CanaryIdentity Smith',
  assigned_secret: 'CanaryAssigned0123',
  email: 'canary.mailbox@example.com',
  credit_card: '4111 1111 1111 1111',
  iban: 'DE89 3704 0044 0532 0130 00',
  us_social_security: '123-45-6789',
  ip_address: '203.0.113.77',
}

/** As people write them: some are found by the words around them. */
const SAID = [
  ...Object.entries(CANARIES).map(([name, canary]) => {
    if (name === 'azure_key') return `AccountKey=${canary};`
    if (name === 'private_key')
      return `-----BEGIN RSA ${'PRIVATE'} KEY-----\n${canary}\n-----END RSA ${'PRIVATE'} KEY-----`
    if (name === 'bearer_token') return `authorization: Bearer ${canary}`
    if (name === 'url_password') return `https://ana:${canary}@db.example.com/x`
    if (name === 'client_identity') return `{"user_identity":"${canary}"}`
    if (name === 'assigned_secret') return `password = "${canary}"`
    return `take ${canary} then`
  }),
].join(' | ')

/** Said where nothing is to be kept. */
const UNKEPT = 'Unkeptcanary'

let folder: string
let child: ChildProcess | undefined
let printed = ''
const closers: (() => Promise<void> | void)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-canaries-'))
  printed = ''
})

afterEach(async () => {
  child?.kill('SIGKILL')
  for (const close of closers.splice(0)) await close()
  rmSync(folder, { recursive: true, force: true })
})

test('what is masked or not to be kept is in no file, no log and no answer', { timeout: 120_000 }, async () => {
  expect(Object.keys(CANARIES)).toEqual(Object.keys(BUILT_IN_RULES))
  const { host, port } = await startUpstream()
  const furnished = await startGateway({ settings: { PORTCULLIS_DATA: folder }, trustedHosts: [`${host}:${port}`] })
  closers.push(() => furnished.stop())
  const { admin, adminKey } = furnished
  await admin('POST', '/integrations', {
    name: 'told',
    slug: 'told',
    ai_provider_id: 'anthropic',
    key: 'none',
    configurations: { custom_host: `http://${host}:${port}/v1` },
  })
  const named = Object.entries(BUILT_IN_RULES).filter(([, { isSecret }]) => !isSecret)
  const masking = named.map(([name]) => ({ name }))
  await admin('PUT', '/organisation', { records: { content: 'masked', masking, searchable: true } })
  const masked = await furnished.createKey({ defaults: { provider: '@told' } })
  const unkept = await furnished.createKey({ defaults: { provider: '@told' }, records: { content: 'metadata' } })
  await furnished.drain(0)

  const url = await startProcess(`${host}:${port}`, adminKey)
  for (const { key, said, more } of [
    { key: masked.key, said: SAID, more: [] },
    { key: unkept.key, said: `${UNKEPT} ${SAID}`, more: [] },
    { key: masked.key, said: `${UNKEPT} ${SAID}`, more: ['x-portkey-debug', 'false'] },
  ]) {
    for (const road of ['json', 'stream', 'refuse', 'break', 'overload']) {
      for (const path of ['/v1/messages?beta=true', '/v1/messages/count_tokens']) {
        const note = said.replaceAll('\n', ' ')
        await send(`${url}${path}`, {
          headers: ['x-api-key', key, 'content-type', 'application/json', 'x-note', note, 'x-app', note, ...more],
          body: JSON.stringify(bodyOf(road, said)),
        }).answer.catch(() => undefined)
      }
    }
    await send(`${url}/v1/messages`, { headers: ['x-api-key', key], body: `not json: ${said}` }).answer
  }

  const told = [await ask('/logs?limit=100')]
  const { data } = JSON.parse(told[0]!) as { data: { id: string; body_state?: string; session?: string | null }[] }
  expect(data).toHaveLength(33)
  for (const { id } of data) {
    for (const path of ['', '?content=true', '/bodies', '/delta']) told.push(await ask(`/logs/${id}${path}`))
    for (const kind of ['client_request', 'upstream_request', 'upstream_error?ordinal=0', 'response', 'envelope']) {
      told.push(await ask(`/logs/${id}/bodies/${kind}`))
    }
  }
  const { data: sessions } = JSON.parse(await ask('/sessions')) as { data: { id: string }[] }
  for (const { id } of sessions)
    told.push(await ask(`/sessions/${id}`), await ask(`/sessions/${id}/replay`), await ask(`/sessions/${id}/turns`))
  expect(told.join('').split('****').length).toBeGreaterThan(500)

  const stopped = once(child!, 'exit')
  expectClean('while it runs')
  child!.kill('SIGTERM')
  await stopped
  expectClean('when it has stopped')
  expectNone('the answers of the API', Buffer.from(told.join('\n')))
  expectNone('what it printed', Buffer.from(printed))

  async function ask(path: string): Promise<string> {
    const { body } = await send(`${url}/v1${path}`, {
      method: 'GET',
      headers: ['x-portkey-api-key', adminKey, 'x-portcullis-reason', 'a test'],
    }).answer
    return body.toString()
  }
})

function expectClean(when: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name)
    if (statSync(path).isFile()) expectNone(`${name} ${when}`, readFileSync(path))
  }
}

function expectNone(where: string, bytes: Buffer): void {
  const text = bytes.toString('latin1').toLowerCase()
  for (const [name, canary] of [...Object.entries(CANARIES), ['unkept', UNKEPT]] as [string, string][]) {
    const at = text.indexOf(canary.toLowerCase())
    expect([where, name, at === -1 ? '' : text.slice(Math.max(0, at - 200), at + 60)]).toEqual([where, name, ''])
  }
}

function bodyOf(road: string, said: string): object {
  return {
    model: `claude-${road}`,
    max_tokens: 100,
    stream: road === 'stream' || road === 'break',
    metadata: { user_id: JSON.stringify({ session_id: `session-of-${road}` }) },
    system: [{ type: 'text', text: said }],
    tools: [{ name: 'Bash', description: said, input_schema: { type: 'object' } }],
    messages: [
      { role: 'user', content: said },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: said } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: said }] },
    ],
  }
}

async function startProcess(trusted: string, adminKey: string): Promise<string> {
  const started = spawn(process.execPath, [MAIN, 'start'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PORT: '0',
      PORTCULLIS_DATA: folder,
      PORTCULLIS_ADMIN_KEY: adminKey,
      PORTCULLIS_LOG_LEVEL: 'debug',
      TRUSTED_CUSTOM_HOSTS: trusted,
    },
  })
  child = started
  const listening = Promise.withResolvers<string>()
  for (const stream of [started.stdout, started.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0]
      if (url !== undefined) listening.resolve(url)
    })
  }
  started.on('exit', () => listening.reject(new Error(`The gateway ended: ${printed}`)))
  return await listening.promise
}

/** Answers with everything that it was told, in the way that the model's name asks for. */
async function startUpstream(): Promise<{ host: string; port: number }> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const { model, messages } = JSON.parse(Buffer.concat(pieces).toString()) as {
        model: string
        messages: { content: string }[]
      }
      answer(response, model.slice('claude-'.length), messages[0]!.content, request.url!.includes('count_tokens'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

function answer(response: ServerResponse, road: string, said: string, isCount: boolean): void {
  response.setHeader('x-note', said.replaceAll('\n', ' '))
  response.setHeader('content-type', 'application/json')
  const usage = { input_tokens: 1, output_tokens: 1 }
  if (road === 'refuse' || road === 'overload') {
    response.writeHead(road === 'refuse' ? 400 : 529)
    response.end(JSON.stringify({ type: 'error', error: { type: 'api_error', message: said } }))
  } else if (isCount) response.end(JSON.stringify({ input_tokens: 1, note: said }))
  else if (road === 'json') {
    const content = [
      { type: 'text', text: said },
      { type: 'tool_use', id: 'toolu_2', name: 'Bash', input: { command: said } },
    ]
    response.end(JSON.stringify({ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content, usage }))
  } else {
    response.setHeader('content-type', 'text/event-stream')
    const say = (type: string, more: object) =>
      response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`)
    say('message_start', {
      message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [], usage },
    })
    say('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
    for (const text of said.match(/.{1,3}/gs) ?? [])
      say('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })
    say('content_block_stop', { index: 0 })
    say('content_block_start', { index: 1, content_block: { type: 'tool_use', id: 't', name: 'Bash', input: {} } })
    for (const partial of JSON.stringify({ command: said }).match(/.{1,4}/gs) ?? []) {
      say('content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json: partial } })
    }
    if (road === 'break') {
      response.destroy()
      return
    }
    say('content_block_stop', { index: 1 })
    say('message_delta', { delta: { stop_reason: 'end_turn' }, usage })
    say('message_stop', {})
    response.end()
  }
}

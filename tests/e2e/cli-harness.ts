import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Machine } from '../../src/cli/machine.ts'
import { systemClock } from '../../src/core/clock.ts'
import { ERRORS, type ErrorCode } from '../../src/core/errors.ts'

/** What the fake gateway was asked. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface FakeGateway {
  readonly url: string
  readonly asked: readonly Asked[]
  /** Answers messages with this refusal from now on; undefined serves them. */
  refuse(code: ErrorCode | undefined, message?: string): void
  /** Answers a path in another way from now on. */
  answer(path: string, how: (reply: ServerResponse) => void): void
  stop(): Promise<void>
}

/** A gateway that serves every message, on a port of its own, until it is told otherwise. */
export async function startFakeGateway(): Promise<FakeGateway> {
  const asked: Asked[] = []
  const answers = new Map<string, (reply: ServerResponse, body: string) => void>([
    ['/v1/health', (reply) => json(reply, 200, { status: 'success', message: 'Server is healthy', version: '0.1.0' })],
    ['/v1/models', (reply) => json(reply, 200, { data: [{ id: 'claude-opus-5-5' }, { id: 'claude-haiku-5-5' }] })],
    ['/v1/messages', serveMessage],
  ])
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const path = request.url!.split('?')[0]!
      asked.push({ method: request.method!, path, headers: request.headers, body })
      const answer = answers.get(path)
      if (answer === undefined) json(reply, 404, { message: 'Not found' })
      else answer(reply, body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    refuse(code, message = `refused with ${code}`) {
      if (code === undefined) return void answers.set('/v1/messages', serveMessage)
      const { status, wire: type } = ERRORS[code]
      const body = { type: 'error', error: { type, message }, request_id: 'req_refused' }
      answers.set('/v1/messages', (reply) =>
        json(reply, status, body, { 'x-portcullis-error': code, 'request-id': 'req_refused' }),
      )
    },
    answer: (path, how) => void answers.set(path, how),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function serveMessage(reply: ServerResponse, body: string): void {
  const { model } = JSON.parse(body) as { model: string }
  const usage = { input_tokens: 8, output_tokens: 1 }
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: 'max_tokens',
    usage,
  }
  json(reply, 200, message, { 'request-id': 'req_served' })
}

export function json(
  reply: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}

/** A computer with nothing on it, and what a command printed there. */
export interface FakeMachine extends Machine {
  readonly home: string
  /** Everything printed since the last call, without line wrapping. */
  printed(): string
  remove(): void
}

/** A computer of its own, in a temporary folder, with a current Claude Code on it. */
export function createFakeMachine(changes: Partial<Machine> = {}): FakeMachine {
  const root = mkdtempSync(join(tmpdir(), 'portcullis-cli-'))
  const home = join(root, 'home')
  const work = join(root, 'work')
  for (const folder of [home, work]) mkdirSync(folder)
  let text = ''
  const print = (more: string) => void (text += more)
  return {
    program: 'npx https://gateway.example.com/cli.tgz',
    env: {},
    homeFolder: home,
    workFolder: work,
    managedFolder: join(root, 'managed'),
    clock: systemClock,
    out: print,
    err: print,
    colours: false,
    width: 80,
    ask: undefined,
    run: async (program) => (program === 'claude' ? { exitCode: 0, output: '2.1.330 (Claude Code)\n' } : undefined),
    ...changes,
    home,
    printed() {
      const all = text
      text = ''
      return all.replace(/\n {16,}(?!→)/g, ' ')
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

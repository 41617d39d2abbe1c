import type { IncomingMessage, ServerResponse } from 'node:http'
import { header } from '../../src/core/headers.ts'
import type { Upstream } from '../../src/providers/adapter.ts'
import { type HttpExchange, send } from '../../src/testing/http.ts'
import {
  type DataPlaneOptions,
  type FakeProvider,
  KEY,
  type RunningDataPlane,
  EVENT_STREAM,
  WHOLE_STREAM,
  startDataPlane,
  startProvider,
} from './data-plane.ts'

/*
 * Three providers, `@prod`, `@second` and `@third`, behind one data plane. Each does what the test says, and counts what it is asked.
 */

export type Act = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

export const FALLBACK = {
  strategy: { mode: 'fallback' },
  targets: [{ provider: '@prod' }, { provider: '@second' }, { provider: '@third' }],
}

export let providers: readonly FakeProvider[] = []
export let gateway: RunningDataPlane

/** Starts providers that act so, in the order of their names, and a data plane in front of them. */
export async function startThree(
  acts: readonly Act[],
  options: Partial<DataPlaneOptions> = {},
  other: Partial<Upstream> = {},
): Promise<void> {
  providers = await Promise.all(acts.map((act) => startProvider(act)))
  const [first, second, third] = providers.map(({ origin }) => ({ ...other, origin }))
  gateway = await startDataPlane({
    origin: first!.origin,
    others: { ...(second && { second }), ...(third && { third }) },
    ...options,
  })
}

export async function stopThree(): Promise<void> {
  await gateway.stop()
  await Promise.all(providers.map((provider) => provider.stop()))
}

/** How often each provider was asked. */
export function calls(): readonly number[] {
  return providers.map(({ requests }) => requests.length)
}

export interface Question {
  /** `null` for none. */
  readonly config?: object | null
  readonly stream?: boolean
  readonly session?: string
  readonly headers?: readonly string[]
  readonly body?: object
}

export function ask({
  config = FALLBACK,
  stream = true,
  session,
  headers = [],
  body = {},
}: Question = {}): HttpExchange {
  return send(`${gateway.url}/v1/messages`, {
    headers: [
      'x-api-key',
      KEY,
      'content-type',
      'application/json',
      ...(config === null ? [] : ['x-portkey-config', JSON.stringify(config)]),
      ...(session === undefined ? [] : ['x-claude-code-session-id', session]),
      ...headers,
    ],
    body: JSON.stringify({
      model: 'claude-opus-5-5',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hi' }],
      stream,
      ...body,
    }),
  })
}

export const WHOLE_JSON = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5-5',
  content: [{ type: 'text', text: 'Hello' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 25, output_tokens: 7 },
})

/** A whole answer, streamed or not as it was asked for. */
export const serve: Act = (_request, response, body) => {
  const isStream = (JSON.parse(body.toString()) as { stream?: boolean }).stream === true
  if (isStream) response.writeHead(200, EVENT_STREAM).end(WHOLE_STREAM.join(''))
  else response.writeHead(200, { 'content-type': 'application/json' }).end(WHOLE_JSON)
}

/** What `serve` says. */
export function served(stream: boolean): string {
  return stream ? WHOLE_STREAM.join('') : WHOLE_JSON
}

/** Anthropic's envelope, in bytes that no writer of ours would make. */
export function envelope(type: string, message = 'the provider’s own words'): string {
  return `{"type":"error", "error":{"type":"${type}","message":${JSON.stringify(message)}} }`
}

export function refuseWith(status: number, message?: string, headers: Readonly<Record<string, string>> = {}): Act {
  return (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(envelope('some_error', message))
}

export function portkey(headers: readonly string[], name: string): string | undefined {
  return header(headers, `x-portkey-${name}`)
}

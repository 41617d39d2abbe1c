import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ControlPlane } from './harness.ts'

/** Somebody who waits for alerts: a real HTTP server that keeps what it gets, and answers as the test says. */
export interface Receiver {
  readonly origin: string
  readonly got: readonly Received[]
  /** Resolves when so many requests have arrived. */
  arrived(count: number): Promise<void>
  /** What it answers from now on. */
  answer: (response: ServerResponse, ordinal: number) => void
}

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export const OK = (response: ServerResponse) => void response.end('thanks')

export async function startReceiver(): Promise<Receiver> {
  const got: Received[] = []
  const waiting: { readonly count: number; readonly call: () => void }[] = []
  const receiver = {
    origin: '',
    got,
    answer: OK as Receiver['answer'],
    arrived: (count: number) =>
      new Promise<void>((resolve) => {
        if (got.length >= count) resolve()
        else waiting.push({ count, call: resolve })
      }),
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      got.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      for (const { count, call } of waiting) if (got.length >= count) call()
      receiver.answer(response, got.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return receiver
}

/** Lets something happen that is told: a model was served in a workspace that has no price. Each name is one event. */
export function serveUnpriced(
  { alerts, workspace }: ControlPlane,
  model: string,
  workspaceId: string = workspace.id,
): void {
  alerts.watchPrices({ record: () => undefined }).record({
    organisationId: workspace.organisationId,
    workspaceId,
    providerSlug: 'sandbox',
    modelServed: model,
    modelAsked: model,
    priceFlag: 'unknown_model',
  })
}

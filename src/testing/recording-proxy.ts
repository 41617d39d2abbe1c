import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HeaderLines } from '../core/headers.ts'

/** Stands between a client and the gateway and keeps what both said, so that it can be held against what the upstream saw. */
export interface RecordingProxy {
  readonly origin: string
  /** In the order in which the requests were whole. */
  readonly exchanges: readonly RecordedExchange[]
  stop(): Promise<void>
}

export interface RecordedExchange {
  readonly method: string
  readonly path: string
  readonly headers: HeaderLines
  readonly body: Buffer
  /** Undefined until the gateway has answered. */
  readonly status: number | undefined
  readonly answerHeaders: HeaderLines
  readonly answer: Buffer
  /** Resolves when the first bytes of the answer are here. */
  readonly begun: Promise<void>
}

interface Recording extends RecordedExchange {
  status: number | undefined
  answerHeaders: HeaderLines
  answer: Buffer
}

export interface RecordingProxyOptions {
  /** A request, counted from 0, goes on once this has resolved: the moment to change the world between two requests. */
  readonly before?: (ordinal: number) => Promise<void>
}

export async function startRecordingProxy(
  target: string,
  { before = async () => {} }: RecordingProxyOptions = {},
): Promise<RecordingProxy> {
  const exchanges: Recording[] = []
  let arrived = 0

  const server = createServer((incoming, outgoing) => {
    const pieces: Buffer[] = []
    incoming.on('data', (piece: Buffer) => pieces.push(piece))
    incoming.on('end', () => void before(arrived++).then(() => forward(incoming, Buffer.concat(pieces), outgoing)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  function forward(incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): void {
    const { method = 'GET', url: path = '/', rawHeaders: headers } = incoming
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const recording: Recording = {
      method,
      path,
      headers,
      body,
      status: undefined,
      answerHeaders: [],
      answer: Buffer.alloc(0),
      begun,
    }
    exchanges.push(recording)
    const onward = httpRequest(`${target}${path}`, { method, headers, agent: false }, (answer) => {
      recording.status = answer.statusCode
      recording.answerHeaders = answer.rawHeaders
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.on('data', (piece: Buffer) => {
        recording.answer = Buffer.concat([recording.answer, piece])
        outgoing.write(piece)
        begin()
      })
      answer.on('end', () => outgoing.end())
      // A break on one side is a break on the other.
      answer.on('error', () => outgoing.destroy())
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    onward.end(body)
  }

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

import { createServer } from 'node:http'
import { Pool } from 'undici'

/*
 * What the gateway is compared with: the least that a proxy on Node can do. It reads the body, sends it on with undici's
 * dispatch, and writes whatever comes back, with backpressure. It knows no keys, counts nothing and writes nothing down.
 */
const upstream = new Pool(process.argv[2]!, { allowH2: false, pipelining: 1 })

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.once('end', () => {
    upstream.dispatch(
      {
        path: request.url!,
        method: 'POST',
        headers: forward(request.rawHeaders),
        body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
      },
      {
        onRequestStart(controller) {
          response.once('close', () => {
            if (!response.writableFinished) controller.abort(new Error('the client has left'))
          })
        },
        onResponseStart(_controller, status, headers) {
          const { connection: _connection, 'transfer-encoding': _encoding, ...kept } = headers
          response.writeHead(status, kept)
        },
        onResponseData(controller, chunk) {
          if (response.write(chunk)) return
          controller.pause()
          response.once('drain', () => controller.resume())
        },
        onResponseEnd() {
          response.end()
        },
        onResponseError() {
          response.destroy()
        },
      },
    )
  })
})

/** All headers but those of the connection. */
function forward(raw: readonly string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    if (name !== 'host' && name !== 'connection' && name !== 'content-length') kept.push(raw[at]!, raw[at + 1]!)
  }
  return kept
}

server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) process.send?.({ port: address.port })
})
process.once('disconnect', () => process.exit(0))

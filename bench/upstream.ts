import { createServer } from 'node:http'
import { framedAnswer, jsonAnswer, streamAnswer } from './answers.ts'

/*
 * The far end of the benchmark: answers from memory, so that next to nothing of what is measured is its own. The query says
 * how: `?events=300` for a stream, `&paceMs=3` for a pause between events; nothing for one JSON answer of about 1 KB.
 * Amazon Bedrock's path is answered with 300 of its frames.
 */
const json = jsonAnswer()
const frames = framedAnswer(300)

const server = createServer((request, response) => {
  request.resume()
  request.once('end', () => {
    if (request.url!.endsWith('/invoke-with-response-stream')) {
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': 'bench' })
      for (const frame of frames) response.write(frame)
      response.end()
      return
    }
    const query = new URL(request.url ?? '/', 'http://upstream').searchParams
    const events = Number(query.get('events') ?? 0)
    const paceMs = Number(query.get('paceMs') ?? 0)
    if (events === 0) {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': json.length,
        'request-id': 'req_bench',
      })
      response.end(json)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_bench' })
    const stream = streamAnswer(events)
    if (paceMs === 0) {
      for (const event of stream) response.write(event)
      response.end()
      return
    }
    let at = 0
    const timer = setInterval(() => {
      response.write(stream[at++]!)
      if (at === stream.length) {
        clearInterval(timer)
        response.end()
      }
    }, paceMs)
    response.once('close', () => clearInterval(timer))
  })
})

server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) process.send?.({ port: address.port })
})
process.once('disconnect', () => process.exit(0))

import { EventStreamCodec } from '@smithy/eventstream-codec'
import type { Scene, Step } from '../../providers/scripted/scene.ts'

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text),
)

/** One frame, as AWS's own library writes it. */
export function frame(headers: Readonly<Record<string, string>>, payload: string): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => [name, { type: 'string' as const, value }])
  return Buffer.from(codec.encode({ headers: Object.fromEntries(lines), body: Buffer.from(payload) }))
}

/** An event of Anthropic's in a frame of Bedrock's, padded as Bedrock does it. */
export function eventFrame(json: string): Buffer {
  const payload = { bytes: Buffer.from(json).toString('base64'), p: 'abcdefghijklmnop'.slice(0, json.length % 16) }
  const headers = { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' }
  return frame(headers, JSON.stringify(payload))
}

/** `type` as on the wire, such as `throttlingException`. */
export function exceptionFrame(type: string, document: object): Buffer {
  const headers = { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' }
  return frame(headers, JSON.stringify(document))
}

const METRICS = { inputTokenCount: 10, outputTokenCount: 5, invocationLatency: 100, firstByteLatency: 20 }

/** A scene that speaks SSE, spoken in frames. */
export function inFrames(scene: Scene): Scene {
  let rest = ''
  return { steps: scene.steps.map(framed) }

  function framed(step: Step): Step {
    if (step.kind === 'head') {
      return {
        ...step,
        headers: ['content-type', 'application/vnd.amazon.eventstream', 'x-amzn-requestid', 'aws-req-1'],
      }
    }
    if (step.kind !== 'bytes') return step
    const records = (rest + step.bytes.toString('utf8')).split(/\r?\n\r?\n/)
    rest = records.pop() ?? ''
    return { ...step, bytes: Buffer.concat(records.map(recordFrame)) }
  }
}

function recordFrame(record: string): Buffer {
  const data = /^data: ?(.*)$/m.exec(record)?.[1]
  // Bedrock has no pings and no comments.
  if (data === undefined) return Buffer.alloc(0)
  const event = JSON.parse(data) as { readonly type: string; readonly error?: { readonly message: string } }
  if (event.type === 'ping') return Buffer.alloc(0)
  if (event.type === 'error') return exceptionFrame('serviceUnavailableException', { message: event.error?.message })
  if (event.type !== 'message_stop') return eventFrame(data)
  return eventFrame(JSON.stringify({ ...event, 'amazon-bedrock-invocationMetrics': METRICS }))
}

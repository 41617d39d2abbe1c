import { gzipSync } from 'node:zlib'
import { answer, toolId } from '../answer.ts'
import { identity, render, streamHead, streamScene, toEvents, toMessage, writeEvent } from '../render.ts'
import type { Ask } from '../request.ts'
import type { BytesStep, Scene, Step } from '../scene.ts'
import { greet } from './talk.ts'

/** A good answer, its events spread over ten seconds, with pings between them as the provider sends them. */
export function slow(ask: Ask): Scene {
  return spread(render(ask, textAnswer(ask)), 10_000)
}

/** A good answer after twenty seconds without a byte. */
export function late(ask: Ask): Scene {
  return { steps: [{ kind: 'wait', ms: 20_000 }, ...render(ask, textAnswer(ask)).steps] }
}

/** Compressed, whatever encodings the client accepts. */
export function compressed(ask: Ask): Scene {
  const whole = textAnswer(ask)
  const plain = ask.streaming
    ? Buffer.concat(toEvents(whole).map((event) => writeEvent(event).bytes))
    : toMessage(whole)
  const bytes = gzipSync(plain)
  const type = ask.streaming ? 'text/event-stream; charset=utf-8' : 'application/json'
  const headers = ['content-type', type, 'content-encoding', 'gzip', ...identity(ask)]
  const third = Math.ceil(bytes.length / 3)
  const pieces = [0, 1, 2].map((at) => bytes.subarray(at * third, (at + 1) * third))
  const steps: Step[] = pieces.map((piece) => ({ kind: 'bytes', bytes: piece, billed: whole.usage }))
  return { steps: [{ kind: 'head', status: 200, headers }, ...steps, { kind: 'end' }] }
}

/** Everything that the event stream format allows and few send: CRLF, comments, ids, unknown events, several data lines. */
export function crlf(ask: Ask): Scene {
  if (!ask.streaming) return render(ask, textAnswer(ask))
  const steps: BytesStep[] = toEvents(textAnswer(ask)).flatMap((event, at) => {
    const { bytes, billed } = writeEvent(event)
    const oddity =
      at % 2 === 0
        ? `: comment ${at}\n\n`
        : `id: ${at}\nevent: sandbox_note\ndata: {"type":"sandbox_note",\ndata: "at":${at}}\n\n`
    return [`${oddity}${bytes.toString()}`].map((text) => ({
      kind: 'bytes' as const,
      bytes: Buffer.from(text.replaceAll('\n', '\r\n')),
      ...(billed !== undefined && { billed }),
    }))
  })
  return { steps: [streamHead(ask), ...steps, { kind: 'end' }] }
}

/** An answer of ten thousand events. */
export function huge(ask: Ask): Scene {
  const text = Array.from(
    { length: 10_000 },
    (_, at) => `Line ${String(at).padStart(5, '0')} of ten thousand ♦♦♦♦\n`,
  ).join('')
  const whole = answer({ ...ask, maxTokens: Number.MAX_SAFE_INTEGER }, { blocks: [{ type: 'text', text }] })
  return ask.streaming ? streamScene(ask, toEvents(whole)) : render(ask, whole)
}

/** One tool call with five megabytes of input. */
export function hugeTool(ask: Ask): Scene {
  const content = 'The quick brown fox jumps over the lazy dog. '.repeat(116_509).slice(0, 5 * 1024 * 1024)
  const inputJson = JSON.stringify({ file_path: './large.txt', content })
  const whole = answer(
    { ...ask, maxTokens: Number.MAX_SAFE_INTEGER },
    { blocks: [{ type: 'tool_use', id: toolId(ask, 0), name: ask.tools[0]?.name ?? 'Write', inputJson }] },
  )
  return render(ask, whole)
}

/** A tool call whose numbers and strings do not survive being read and written again. */
export function numbers(ask: Ask): Scene {
  const inputJson =
    '{"id": 12345678901234567890, "rate": 1.0, "tiny": 1e-400, "exact": 0.1000000000000000055511151231257827, ' +
    '"minus": -0, "escaped": "\\u00e9\\/\\ud83d\\ude00", "lone": "\\ud800", "twice": 1, "twice": 2}'
  const block = { type: 'tool_use', id: toolId(ask, 0), name: ask.tools[0]?.name ?? 'count', inputJson } as const
  return render(ask, answer(ask, { blocks: [block] }))
}

function textAnswer(ask: Ask) {
  return answer(ask, { blocks: [{ type: 'text', text: greet(ask) }] })
}

/** Puts the same wait before every piece of the body. */
function spread({ steps }: Scene, overMs: number): Scene {
  const pieces = steps.filter(({ kind }) => kind === 'bytes').length
  const ms = Math.floor(overMs / Math.max(1, pieces))
  return { steps: steps.flatMap((step): Step[] => (step.kind === 'bytes' ? [{ kind: 'wait', ms }, step] : [step])) }
}

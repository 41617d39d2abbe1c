import { randomBytes } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type SessionOptions, sessionRequests } from '../../testing/claude-code-session.ts'
import { createChapterIndex } from './chapter-index.ts'
import { decodeRanges, encodeRanges, rebuild } from './range.ts'

/** Keeps bodies, reads all of them again, and says how many bytes of a hundred were kept. */
function percentKept(bodies: readonly Buffer[]): number {
  const index = createChapterIndex()
  const segments: Buffer[] = []
  let kept = 0
  const manifests = bodies.map((body) => {
    const { fresh, segment, ranges } = index.add(body)
    if (fresh.length > 0) {
      segments[segment] = fresh
      kept += zstdCompressSync(fresh).length
    }
    const manifest = encodeRanges(ranges)
    kept += manifest.length
    return manifest
  })
  for (const [at, manifest] of manifests.entries()) {
    expect(rebuild(decodeRanges(manifest), (segment) => segments[segment]!).equals(bodies[at]!)).toBe(true)
  }
  return (kept * 100) / bodies.reduce((sum, { length }) => sum + length, 0)
}

function session(options?: SessionOptions): Buffer[] {
  return sessionRequests(options).map(({ body }) => body)
}

function rewritten(body: Buffer, change: (parsed: Body) => void): Buffer {
  const parsed = JSON.parse(body.toString()) as Body
  change(parsed)
  return Buffer.from(JSON.stringify(parsed))
}

interface Body {
  messages: { role: string; content: string | { type: string; content?: string }[] }[]
  tools: object[]
  model?: string
  stream?: boolean
  anthropic_version?: string
}

const PLAIN = session()

test('sixty turns have the shape that the real client sends', () => {
  expect(PLAIN).toHaveLength(60)
  expect(PLAIN[0]!.length).toBeGreaterThan(45_000)
  expect(PLAIN[0]!.length).toBeLessThan(60_000)
  expect(PLAIN.at(-1)!.length).toBeGreaterThan(1_050_000)
  const all = PLAIN.reduce((sum, { length }) => sum + length, 0)
  expect(all).toBeGreaterThan(30_000_000)
  // The common beginning alone leaves system and tools behind, which is what makes a session hard to keep.
  const last = PLAIN.at(-1)!
  expect(last.length - last.indexOf('"system":[')).toBeGreaterThan(40_000)
})

test('sixty turns come to less than one and a half percent', () => {
  expect(percentKept(PLAIN)).toBeLessThan(1.5)
})

test('agents, a title and a burst of token counts between the turns do not change that', () => {
  expect(percentKept(session({ agents: 5, sideCalls: true }))).toBeLessThan(1.5)
})

test('three threads that take turns under one session do not lose their places', () => {
  const threads = [PLAIN, session({ seed: 2 }), session({ seed: 3 })]
  expect(percentKept(PLAIN.flatMap((_, turn) => threads.map((thread) => thread[turn]!)))).toBeLessThan(1.5)
})

test('old tool results that are cleared in mid-session are no new text', () => {
  const cleared = PLAIN.map((body, turn) =>
    turn < 40
      ? body
      : rewritten(body, ({ messages }) => {
          for (const { content } of messages.slice(0, 60)) {
            if (typeof content === 'string') continue
            for (const block of content) if (block.type === 'tool_result') block.content = '[Old tool result cleared]'
          }
        }),
  )
  expect(percentKept(cleared)).toBeLessThan(2)
})

test('neither is what is left after a compaction', () => {
  const compacted = PLAIN.map((body, turn) =>
    turn < 45
      ? body
      : rewritten(body, ({ messages }) => {
          messages.splice(2, 80, { role: 'assistant', content: 'In short: we have looked at the project.' })
        }),
  )
  expect(percentKept(compacted)).toBeLessThan(2.5)
})

test('a tool that appears in front of the others costs its own length', () => {
  const more = PLAIN.map((body, turn) =>
    turn < 30
      ? body
      : rewritten(body, ({ tools }) => tools.unshift({ name: 'mcp__tracker', description: 'Finds it.' })),
  )
  expect(percentKept(more) / percentKept(PLAIN)).toBeLessThan(1.02)
})

test('a client that prints its JSON with indents costs no more', () => {
  const pretty = PLAIN.map((body) => Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 2)))
  expect(percentKept(pretty)).toBeLessThan(1.5)
})

test('the body that went up, beside the one that came in, costs next to nothing', () => {
  const both = PLAIN.flatMap((body) => [
    body,
    rewritten(body, (parsed) => {
      delete parsed.model
      delete parsed.stream
      parsed.anthropic_version = 'bedrock-2023-05-31'
    }),
  ])
  expect(percentKept(both) * 2).toBeLessThan(percentKept(PLAIN) * 1.25)
})

test('bytes that have nothing in common are kept as they are', () => {
  const noise = Array.from({ length: 6 }, () => randomBytes(100_000))
  expect(percentKept(noise)).toBeLessThan(101)
})

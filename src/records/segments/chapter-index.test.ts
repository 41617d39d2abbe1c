import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { claudeCodeBody } from '../../testing/claude-code-body.ts'
import { CHAPTER_LIMITS, type ChapterIndex, createChapterIndex } from './chapter-index.ts'
import { decodeRanges, encodeRanges, rebuild } from './range.ts'

/** Keeps bodies as their keeper does, and reads every one of them again. */
function keepAll(index: ChapterIndex, bodies: readonly Buffer[]) {
  const segments: Buffer[] = []
  const kept = bodies.map((body) => {
    const added = index.add(body)
    if (added.fresh.length > 0) {
      expect(added.segment).toBe(segments.length)
      segments.push(Buffer.from(added.fresh))
    }
    const fresh = added.freshRanges.map(({ offset, length }) => body.subarray(offset, offset + length))
    expect(Buffer.concat(fresh).equals(added.fresh)).toBe(true)
    return encodeRanges(added.ranges)
  })
  for (const [at, ranges] of kept.entries()) {
    expect(rebuild(decodeRanges(ranges), (segment) => segments[segment]!).equals(bodies[at]!)).toBe(true)
  }
  return segments
}

const oddities = [
  '',
  '{',
  '"',
  '\\',
  '\\"'.repeat(200),
  '{"a":1,"a":2,"12":3,"n":1e400,"m":1.0,"z":12345678901234567890}',
  `{"text":"${'\\u0000\\ud800 '.repeat(60)}","raw":"\u0000"}`,
  `{"text":"${'é€😀'.repeat(60)}"}`,
  JSON.stringify(
    { text: 'a "quoted" word and a \\ '.repeat(40), list: [{ type: 'text', text: 'x'.repeat(90) }] },
    null,
    2,
  ),
].map((text) => Buffer.from(text))

const anyBytes = fc.oneof(
  fc.constantFrom(...oddities),
  fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
  fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
  fc
    .array(fc.string({ minLength: 60, maxLength: 120 }), { maxLength: 6 })
    .map((texts) => Buffer.from(JSON.stringify(texts))),
)

/** What the next body is, told from those before it. */
const change = fc.record({
  of: fc.nat(),
  kind: fc.constantFrom('new', 'same', 'insert', 'replace', 'cut', 'join', 'marked', 'unmarked'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(400),
  bytes: anyBytes,
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function bodiesFrom(changes: readonly Change[]): Buffer[] {
  const bodies: Buffer[] = [Buffer.from('{"messages":[{"role":"user","content":"begin"}],"system":"be brief"}')]
  for (const { of, kind, at, length, bytes } of changes) {
    const base = bodies[of % bodies.length]!
    const from = Math.floor(at * base.length)
    const rest = base.subarray(kind === 'insert' ? from : from + length)
    const mark = ',"cache_control":{"type":"ephemeral"}'
    if (kind === 'new') bodies.push(bytes)
    else if (kind === 'same') bodies.push(Buffer.from(base))
    else if (kind === 'join') bodies.push(Buffer.concat([base, bodies.at(-1)!]))
    else if (kind === 'cut') bodies.push(Buffer.concat([base.subarray(0, from), rest]))
    else if (kind === 'marked') bodies.push(Buffer.from(base.toString('latin1').replace('"}', `"${mark}}`), 'latin1'))
    else if (kind === 'unmarked') bodies.push(Buffer.from(base.toString('latin1').replace(mark, ''), 'latin1'))
    else bodies.push(Buffer.concat([base.subarray(0, from), bytes, rest]))
  }
  return bodies
}

test('whatever bodies come one after the other, the same bytes come out', () => {
  const tight = { bodiesMax: 2, bodyBytesMin: 0, bodyBytesMax: 3_000, notesMax: 12, rangesMax: 9 }
  fc.assert(
    fc.property(fc.array(change, { maxLength: 14 }), fc.boolean(), fc.boolean(), (changes, forgetful, narrow) => {
      const index = createChapterIndex(narrow ? tight : { ...CHAPTER_LIMITS, bodyBytesMin: 0 })
      const add = (body: Buffer) => {
        if (forgetful) index.forgetBodies()
        return index.add(body)
      }
      keepAll({ ...index, add }, bodiesFrom(changes))
    }),
    { numRuns: 400 },
  )
})

test('ten megabytes of anything go in and come out', () => {
  const noise = randomBytes(10 * 1024 * 1024)
  const changed = Buffer.from(noise)
  changed[5_000_000]! ^= 1
  const segments = keepAll(createChapterIndex(), [
    noise,
    changed,
    Buffer.from(noise),
    Buffer.alloc(32 * 1024 * 1024, '"'),
  ])
  expect(segments[1]!.length).toBeLessThan(10_000)
})

test('a body that was there before uses up no segment', () => {
  const body = claudeCodeBody({ turns: 3 })
  const index = createChapterIndex()
  index.add(body)
  const again = index.add(Buffer.from(body))
  expect(again).toMatchObject({ segment: 1, freshRanges: [], masked: [] })
  expect(again.fresh).toHaveLength(0)
  expect(index.append(Buffer.from('data: {}'))).toMatchObject({
    segment: 1,
    ranges: [{ segment: 1, offset: 0, length: 8 }],
  })
  expect(index.append(Buffer.alloc(0))).toMatchObject({ segment: 2, ranges: [] })
  expect(index.add(Buffer.from('{}')).segment).toBe(2)
})

test('what was kept is found without the bodies, by its pieces', () => {
  const index = createChapterIndex()
  const first = claudeCodeBody({ turns: 5, bytes: 100_000 })
  index.add(first)
  expect(index.bytes).toBeGreaterThan(first.length)
  index.forgetBodies()
  expect(index.bytes).toBeLessThan(first.length / 4)
  const { fresh } = index.add(claudeCodeBody({ turns: 5, bytes: 100_000 }))
  expect(fresh.length).toBeLessThan(first.length / 20)
})

test('an index that has noted too much begins anew, and forgets nothing it has said', () => {
  const bodies = Array.from({ length: 12 }, (_, turns) => claudeCodeBody({ turns, bytes: 60_000 }))
  keepAll(createChapterIndex({ ...CHAPTER_LIMITS, notesMax: 30 }), bodies)
})

test('a body of thousands of turns is read from no more pieces than one of a few hundred', () => {
  const bodies = Array.from({ length: 200 }, (_, turn) =>
    Buffer.from(JSON.stringify({ messages: Array.from({ length: turn + 1 }, (_, at) => `${at}`.repeat(40)), n: turn })),
  )
  const index = createChapterIndex({ ...CHAPTER_LIMITS, bodyBytesMin: 0, rangesMax: 30 })
  const counts: number[] = []
  const add = (body: Buffer) => {
    const added = index.add(body)
    counts.push(added.ranges.length)
    return added
  }
  keepAll({ ...index, add }, bodies)
  expect(Math.max(...counts)).toBeLessThan(40)
  expect(counts.lastIndexOf(1)).toBeGreaterThan(100)
})

test('memory for bodies has an end, and the newest is held all the same', () => {
  const index = createChapterIndex({ ...CHAPTER_LIMITS, bodyBytesMax: 100_000 })
  for (let seed = 1; seed < 6; seed += 1) index.add(claudeCodeBody({ seed, turns: 2, bytes: 60_000 }))
  expect(index.bytes).toBeLessThan(200_000)
  index.add(claudeCodeBody({ seed: 6, turns: 2, bytes: 150_000 }))
  const { fresh } = index.add(claudeCodeBody({ seed: 6, turns: 2, bytes: 150_000 }))
  expect(fresh).toHaveLength(0)
})

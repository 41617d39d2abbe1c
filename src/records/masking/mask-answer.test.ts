import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRules } from '../../core/masking/compile.ts'
import { sessionRequests } from '../../testing/claude-code-session.ts'
import { maskAnswer } from './mask-answer.ts'

const finders = compileRules([{ name: 'email' }])
/** In two pieces, so that who looks for keys in this repository finds none. */
const SECRET = `sk-ant-${'api03'}-Zm9vYmFyYmF6cXV4-0123456789abcdefghijklmnopqrstuvwxyz_AA`

type Field = 'text' | 'partial_json' | 'thinking'

/** The events of a stream whose blocks are written in these pieces. */
function streamOf(
  blocks: readonly { readonly field: Field; readonly pieces: readonly string[] }[],
  end = '\n',
): Buffer {
  const events = blocks.flatMap(({ field, pieces }, index) => [
    { type: 'content_block_start', index, content_block: { type: 'text', text: '' } },
    ...pieces.map((piece) => ({
      type: 'content_block_delta',
      index,
      delta: { type: `${field}_delta`, [field]: piece },
    })),
    { type: 'content_block_stop', index },
  ])
  return Buffer.from(
    events.map((event) => `event: ${event.type}${end}data: ${JSON.stringify(event)}${end}${end}`).join(''),
  )
}

/** What was written into one block. */
function written(stream: Buffer, block: number, field: Field): string {
  return stream
    .toString()
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => JSON.parse(line.slice(5)) as { index: number; delta?: { [name in Field]?: string } })
    .filter(({ index }) => index === block)
    .map(({ delta }) => delta?.[field] ?? '')
    .join('')
}

test('a secret is masked however a model writes it, and every event is as long as before', () => {
  const around = fc.string({ unit: fc.constantFrom('a', ' ', '\n', 'é', '"', '\\', '😀'), maxLength: 40 })
  fc.assert(
    fc.property(
      around,
      around,
      fc.array(fc.nat(130), { maxLength: 30 }),
      fc.constantFrom<Field>('text', 'partial_json', 'thinking'),
      fc.constantFrom('\n', '\r\n'),
      (before, behind, cuts, field, lineEnd) => {
        const text = `${before} ${SECRET} ${behind}`
        const ends = [...new Set([...cuts, text.length].filter((cut) => cut <= text.length))].toSorted((a, b) => a - b)
        const pieces = ends.map((end, at) => text.slice(ends[at - 1] ?? 0, end))
        const stream = streamOf(
          [
            { field: 'text', pieces: ['nothing ', 'here'] },
            { field, pieces },
          ],
          lineEnd,
        )
        const { bytes, masked } = maskAnswer(stream, finders)
        expect(written(bytes, 0, 'text')).toBe('nothing here')
        expect(written(bytes, 1, field)).toBe(
          written(streamOf([{ field, pieces: [text.replace(SECRET, '*'.repeat(SECRET.length))] }]), 0, field),
        )
        expect(bytes.length).toBe(stream.length)
        expect(masked.reduce((sum, { length }) => sum + length, 0)).toBe(SECRET.length)
        expect(
          bytes
            .toString()
            .split('\n')
            .map((line) => line.length),
        ).toEqual(
          stream
            .toString()
            .split('\n')
            .map((line) => line.length),
        )
      },
    ),
  )
})

test('blocks that are written side by side are read each for itself', () => {
  const half = SECRET.length / 2
  const events = [
    { index: 0, delta: { type: 'text_delta', text: SECRET.slice(0, half) } },
    { index: 1, delta: { type: 'text_delta', text: 'of no importance' } },
    { index: 0, delta: { type: 'text_delta', text: SECRET.slice(half) } },
  ]
  const stream = Buffer.from(events.map((event) => `data:${JSON.stringify(event)}\n\n`).join(''))
  const { bytes } = maskAnswer(stream, finders)
  expect(written(bytes, 0, 'text')).toBe('*'.repeat(SECRET.length))
  expect(written(bytes, 1, 'text')).toBe('of no importance')
})

test('an answer in one piece, an error and a page are masked too', () => {
  const message = Buffer.from(JSON.stringify({ content: [{ type: 'text', text: `mail ada@example.org` }], n: 4 }))
  expect(JSON.parse(maskAnswer(message, finders).bytes.toString())).toEqual({
    content: [{ type: 'text', text: 'mail ***************' }],
    n: 4,
  })
  const page = Buffer.from(`<p>"${SECRET}</p>`)
  expect(maskAnswer(page, finders).bytes.toString()).toBe(`<p>"${'*'.repeat(SECRET.length)}</p>`)
})

test('what has no secret in it is not even copied', () => {
  for (const { answer } of sessionRequests({ turns: 3, lastBytes: 60_000 })) {
    expect(maskAnswer(answer, finders)).toEqual({ bytes: answer, masked: [] })
    expect(maskAnswer(answer, finders).bytes).toBe(answer)
  }
})

test('broken events are masked as they stand, and nothing fails', () => {
  const stream = streamOf([{ field: 'text', pieces: ['a ', SECRET, ' b'] }])
  fc.assert(
    fc.property(fc.nat(stream.length), fc.uint8Array({ maxLength: 20 }), (cut, noise) => {
      const broken = Buffer.concat([stream.subarray(0, cut), noise])
      const { bytes } = maskAnswer(broken, finders)
      expect(bytes.length).toBe(broken.length)
      expect(bytes.includes(SECRET)).toBe(false)
    }),
  )
})

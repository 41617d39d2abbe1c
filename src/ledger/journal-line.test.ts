import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeLines, encodeLine, REPAIR, type Line, type LineKind, type Row } from './journal-line.ts'

const rows: fc.Arbitrary<Row> = fc.record({
  text: fc.string({ unit: 'binary' }),
  number: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  nothing: fc.constant(null),
  id: fc.string(),
  cost_nanos: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
})
const lines: fc.Arbitrary<Line> = fc.record({
  kind: fc.constantFrom<LineKind[]>('open', 'close', 'exchange'),
  row: rows,
})

function encode(line: Line): Buffer {
  return Buffer.from(encodeLine(line.kind, line.row))
}

function decode(bytes: Buffer): { lines: Line[]; torn: number } {
  let torn = 0
  return { lines: [...decodeLines(bytes, () => torn++)], torn }
}

test('what was written is read, whatever the text and however large the money', () => {
  fc.assert(
    fc.property(fc.array(lines), (written) => {
      expect(decode(Buffer.concat(written.map(encode)))).toEqual({ lines: written, torn: 0 })
    }),
  )
})

test('a row larger than any before it is written whole', () => {
  const row = { id: 'large', cost_nanos: 1n, text: 'ü'.repeat(200_000) }
  expect(decode(encode({ kind: 'exchange', row })).lines).toEqual([{ kind: 'exchange', row }])
})

test('a line cut at any byte is left out, and the lines around it are read', () => {
  const row = { id: 'call_1', cost_nanos: 5n, model: 'claude' }
  const line = encode({ kind: 'close', row })
  for (let cut = 1; cut < line.length; cut++) {
    const bytes = Buffer.concat([line, line.subarray(0, cut), REPAIR, line])
    expect(decode(bytes)).toEqual({
      lines: [
        { kind: 'close', row },
        { kind: 'close', row },
      ],
      torn: 1,
    })
  }
})

test('a last line without its line feed does not count: its writer was never told that it was kept', () => {
  const line = encode({ kind: 'open', row: { id: 'call_1', cost_nanos: 5n } })
  expect(decode(line.subarray(0, -1))).toEqual({ lines: [], torn: 1 })
})

test('a line in which any one bit has changed is left out', () => {
  const line = encode({ kind: 'close', row: { id: 'call_1', cost_nanos: 5n } })
  for (let bit = 0; bit < line.length * 8; bit++) {
    const spoilt = Buffer.from(line)
    spoilt[bit >> 3]! ^= 1 << (bit & 7)
    expect(decode(spoilt).lines).toEqual([])
  }
})

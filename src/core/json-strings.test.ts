import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JsonDraft } from './json-draft.ts'
import { decodeString, endOfKnownString } from './json-strings.ts'
import { scanTopLevel } from './json.ts'

test('a string is read as JSON.parse reads it, whatever was read before', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', 'é', '\u0000', '~'), maxLength: 60 })
  fc.assert(
    fc.property(fc.array(word, { maxLength: 100 }), (words) => {
      for (const each of words) {
        const bytes = Buffer.from(JSON.stringify(each))
        expect(decodeString(bytes, 0, bytes.length)).toBe(each)
      }
    }),
    { numRuns: 300 },
  )
})

test('the end of a string is the same whether a scan has noted it or not', () => {
  const text = fc.nat(600).map((length) => 'a "b" \\'.repeat(length / 7))
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), (texts) => {
      const bytes = Buffer.from(JSON.stringify({ texts }))
      const { longStrings } = scanTopLevel(bytes)
      expect(
        JsonDraft.ofDocument(bytes, scanTopLevel(bytes))
          .get('texts')
          ?.elements.map((each) => each.text),
      ).toEqual(texts)
      let start = bytes.indexOf('[') + 1
      for (const each of texts) {
        const end = start + JSON.stringify(each).length
        expect(endOfKnownString(bytes, start, longStrings)).toBe(end)
        expect(endOfKnownString(bytes, start, [])).toBe(end)
        start = end + 1
      }
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CONTENT_DAYS, DEFAULT_RECORD_RULES, narrowRules, type RecordSettings } from './record-rules.ts'

const MODES = ['full', 'masked', 'metadata'] as const

const settings: fc.Arbitrary<RecordSettings> = fc.record(
  {
    content: fc.constantFrom(...MODES),
    contentDays: fc.constantFrom(...CONTENT_DAYS),
    masking: fc.array(fc.record({ name: fc.constantFrom('email', 'card', 'mine') }), { maxLength: 2 }),
    searchable: fc.boolean(),
  },
  { requiredKeys: [] },
)

test('a level that says nothing changes nothing', () => {
  expect(narrowRules(DEFAULT_RECORD_RULES, {})).toEqual(DEFAULT_RECORD_RULES)
})

test('however the levels are set, none keeps more, or for longer, or masks less than the one above', () => {
  fc.assert(
    fc.property(fc.array(settings, { maxLength: 4 }), (levels) => {
      let above = DEFAULT_RECORD_RULES
      for (const level of levels) {
        const below = narrowRules(above, level)
        expect(MODES.indexOf(below.content)).toBeGreaterThanOrEqual(MODES.indexOf(above.content))
        expect(below.contentDays).toBeLessThanOrEqual(above.contentDays)
        expect(below.masking).toEqual([...above.masking, ...(level.masking ?? [])])
        above = below
      }
    }),
  )
})

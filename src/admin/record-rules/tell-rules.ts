import type { z } from 'zod'
import type { RulesInForce } from '../../contract/records.ts'
import { DEFAULT_RECORD_RULES, narrowRules, type RecordSettings } from '../../core/record-rules.ts'

type Rules = z.output<typeof RulesInForce>
export type RulesLevel = Rules['content']['from']

/** The rules of some levels, the highest first, with the level that each comes from: the last one whose word counted. */
export function tellRules(levels: readonly (readonly [RulesLevel, RecordSettings])[]): Rules {
  let rules = DEFAULT_RECORD_RULES
  const from = { content: 'default', contentDays: 'default', searchable: 'default' } as {
    [Member in 'content' | 'contentDays' | 'searchable']: RulesLevel
  }
  const masking: Rules['masking'] = []
  for (const [level, settings] of levels) {
    const narrowed = narrowRules(rules, settings)
    for (const member of ['content', 'contentDays', 'searchable'] as const) {
      const isFirstWord = from[member] === 'default' && settings[member] === narrowed[member]
      if (narrowed[member] !== rules[member] || isFirstWord) from[member] = level
    }
    masking.push(...(settings.masking ?? []).map((rule) => ({ ...rule, from: level })))
    rules = narrowed
  }
  return {
    content: { value: rules.content, from: from.content },
    content_days: { value: rules.contentDays, from: from.contentDays },
    searchable: { value: rules.searchable, from: from.searchable },
    masking,
  }
}

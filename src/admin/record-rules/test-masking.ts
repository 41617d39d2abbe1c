import { MaskingTest, MaskingTestResult } from '../../contract/records.ts'
import { compileRules } from '../../core/masking/compile.ts'
import { findSecrets } from '../../core/masking/finder.ts'
import { route } from '../route.ts'
import { readSettings } from './record-settings.ts'

/** Patterns are checked as they would be when they are saved: all problems are listed. Nothing is changed, and nothing kept. */
export const testMasking = route({
  method: 'POST',
  path: '/records/masking/test',
  summary: 'Try masking rules on a text',
  scope: ['organisation_settings.update', 'workspaces.update', 'workspace_service_api_keys.update'],
  body: MaskingTest,
  reply: MaskingTestResult,
  async handle({ body: { masking, text } }) {
    const found = findSecrets(text, compileRules(readSettings({ masking }).masking ?? []))
    let masked = ''
    let at = 0
    for (const { start, end } of found) {
      masked += text.slice(at, start) + '*'.repeat(end - start)
      at = end
    }
    return {
      object: 'masking-test' as const,
      masked: masked + text.slice(at),
      found: found.map(({ rule, start, end }) => ({ rule, offset: start, length: end - start })),
    }
  },
})

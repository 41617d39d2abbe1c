import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GatewayError } from '../../core/errors.ts'
import { joined } from '../../core/pieces.ts'
import {
  shapeOf,
  type Told,
  callOf,
  upstreamOn,
  tell,
  read,
  betasOf,
  fixtures,
  incapable,
} from '../../testing/translate-call.ts'
import { PLATFORMS } from '../adapter.ts'
import { betaOn } from './betas.ts'
import { handlingOf } from './fields.ts'
import { MODELS, traitsOf } from './models.ts'
import { isNarrower } from './platforms.ts'
import { MESSAGES_BODY, type Translation, translate } from './translate.ts'

describe.each(fixtures)('what Claude Code sends: $name', ({ betas, body, path }) => {
  const models = [
    undefined,
    'claude-haiku-4-5',
    'claude-opus-4-5',
    'claude-sonnet-4-6',
    'claude-sonnet-5',
    'claude-fable-5-2',
  ]
  const endpoint = path.includes('count_tokens') ? 'count_tokens' : 'messages'

  test.each(PLATFORMS)('becomes on %s what its tables take, whatever the model', (platform) => {
    for (const model of models) {
      const told: Told = { platform, body, betas, endpoint, ...(model === undefined ? {} : { model }) }
      let translation: Translation
      try {
        translation = tell(told)
      } catch (error) {
        expect((error as GatewayError).code).toBe('target.incapable')
        continue
      }
      const traits = traitsOf(model, body['model'] as string)
      const result = read(translation)
      if (isNarrower(platform)) {
        for (const beta of betasOf(translation)) expect([beta, betaOn(platform, traits, beta)]).toEqual([beta, beta])
        const mustGo = (field: Parameters<typeof handlingOf>[0]) => handlingOf(field, platform, traits) !== 'keep'
        for (const name of ['safeguards', 'tags', 'speed', 'context_management', 'output_config'] as const) {
          if (mustGo(name)) expect(result).not.toHaveProperty(name)
        }
        if (mustGo('messages[].role system')) expect(result.messages.map(({ role }) => role)).not.toContain('system')
        if (mustGo('messages[].output_config')) {
          for (const message of result.messages) expect(message).not.toHaveProperty('output_config')
        }
        if (mustGo('tools[].defer_loading')) {
          for (const tool of result.tools ?? []) expect(tool).not.toHaveProperty('defer_loading')
        }
      }
      // Again, and nothing is left to do.
      const again = tell({ ...told, body: joined(translation.body).toString(), betas: betasOf(translation).join(',') })
      expect(read(again)).toEqual(result)
      expect(betasOf(again)).toEqual(betasOf(translation))
    }
  })

  test.each(['anthropic', 'claude-platform-aws', 'vertex-anthropic'] as const)(
    'reaches %s as the very same bytes and header lines',
    (platform) => {
      const { anthropic_beta: _, anthropic_version: __, ...plain } = body
      const call = callOf({ platform, body: plain, betas })
      const translation = translate(call, upstreamOn(platform), MESSAGES_BODY)
      expect(joined(translation.body)).toBe(call.body.bytes)
      expect(translation.headers).toBe(call.headers)
      expect(translation.changes).toEqual([])
    },
  )
})

describe('any request', () => {
  const block = fc.oneof(
    fc.record({
      type: fc.constant('text'),
      text: fc.string(),
      cache_control: fc.constant({ type: 'ephemeral', scope: 'x' }),
    }),
    fc.record({ type: fc.constantFrom('thinking', 'tool_use', 'tool_reference', 'compaction'), text: fc.string() }),
    fc.record({ type: fc.constantFrom('image', 'document'), source: fc.jsonValue() }),
    fc.record({ type: fc.constantFrom('tool_result', 'web_search_tool_result'), content: fc.jsonValue() }),
    fc.jsonValue(),
  )
  const message = fc.oneof(
    fc.record({
      role: fc.constantFrom('user', 'assistant', 'system'),
      content: fc.oneof(fc.string(), fc.array(block, { maxLength: 4 })),
      output_config: fc.constant({ effort: 'low' }),
    }),
    fc.jsonValue(),
  )
  const request = fc.record(
    {
      model: fc.constantFrom(...Object.keys(MODELS), 'nobody-knows'),
      messages: fc.oneof(fc.array(message, { maxLength: 6 }), fc.jsonValue()),
      system: fc.oneof(fc.array(block, { maxLength: 3 }), fc.jsonValue()),
      tools: fc.oneof(
        fc.array(fc.record({ name: fc.string(), defer_loading: fc.boolean(), strict: fc.boolean() })),
        fc.jsonValue(),
      ),
      thinking: fc.oneof(
        fc.constantFrom({ type: 'adaptive', display: 'omitted' }, { type: 'disabled' }),
        fc.jsonValue(),
      ),
      output_config: fc.oneof(fc.constant({ effort: 'max', format: {} }), fc.jsonValue()),
      max_tokens: fc.oneof(fc.integer(), fc.jsonValue()),
      tool_choice: fc.jsonValue(),
      context_management: fc.jsonValue(),
      cache_control: fc.jsonValue(),
      tags: fc.jsonValue(),
      anthropic_beta: fc.jsonValue(),
    },
    { requiredKeys: ['model'] },
  )

  test('becomes valid JSON or is found impossible, and what no table names is kept', () => {
    const own = { unknown: [1e3, { deep: 'kept' }] }
    fc.assert(
      fc.property(
        request,
        fc.constantFrom(...PLATFORMS),
        fc.constantFrom(...Object.keys(MODELS)),
        fc.boolean(),
        fc.constantFrom(undefined, 2),
        (body, platform, model, repaired, indent) => {
          const repairs = repaired
            ? { foreignThinking: 3, withoutAttribution: true, withoutCacheTtl: true, fewestBetas: true }
            : {}
          const text = JSON.stringify({ ...body, ...own }, null, indent)
          incapable(() => {
            const translation = tell({
              platform,
              model,
              body: text,
              betas: 'context-management-2025-06-27,x-y',
              repairs,
            })
            expect(read(translation)).toMatchObject(own)
            if (translation.changes.length === 0 && body.model === model && shapeOf(platform) === MESSAGES_BODY) {
              expect(joined(translation.body).toString()).toBe(text)
            }
          })
        },
      ),
      { numRuns: 1500 },
    )
  })
})

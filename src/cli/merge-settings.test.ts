import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonTextError } from './json-text.ts'
import { mergeSettings, revertSettings } from './merge-settings.ts'
import { settingsBlock } from './settings-block.ts'

const block = settingsBlock({ url: 'https://gw.example.com', key: 'pc_0123456789abcdef' })
const full = settingsBlock({ url: 'https://gw.example.com', key: 'pc_0123456789abcdef', model: 'm', project: 'Zürich' })

/** Settings as people have them, with the members that matter to us now and then among any others. */
const environments = fc
  .tuple(
    fc.dictionary(fc.string(), fc.string()),
    fc.record(
      {
        ANTHROPIC_BASE_URL: fc.webUrl(),
        ANTHROPIC_API_KEY: fc.string(),
        CLAUDE_CODE_USE_BEDROCK: fc.constantFrom('0', '1'),
        ANTHROPIC_CUSTOM_HEADERS: fc.constantFrom(
          'X-Team: a',
          'x-portkey-config: pc-1',
          'X-Team: a\nx-portkey-api-key: k',
          '',
        ),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([some, ours]) => ({ ...some, ...ours }))
const documents = fc
  .tuple(
    fc.dictionary(fc.string(), fc.jsonValue()),
    fc.record(
      { env: environments, model: fc.string(), apiKeyHelper: fc.string(), forceLoginMethod: fc.constant('claudeai') },
      { requiredKeys: [] },
    ),
  )
  .map(([some, ours]) => ({ ...some, ...ours }) as Record<string, unknown>)
  .filter((document) => document['env'] === undefined || isObject(document['env']))
const texts = fc
  .tuple(documents, fc.constantFrom(undefined, 2, 4, '\t'), fc.constantFrom('', '\n'))
  .map(([document, space, end]) => JSON.stringify(document, null, space) + end)

describe('mergeSettings', () => {
  test('sets every member of the block', () => {
    fc.assert(
      fc.property(texts, fc.constantFrom(block, full), (before, wanted) => {
        const after = JSON.parse(mergeSettings(before, wanted).text) as { env: Record<string, string>; model?: string }
        const { ANTHROPIC_CUSTOM_HEADERS: headers, ...others } = wanted.env
        expect(after.env).toMatchObject(others)
        if (headers !== undefined) expect(after.env['ANTHROPIC_CUSTOM_HEADERS']).toContain(headers)
        if (wanted.model !== undefined) expect(after.model).toBe(wanted.model)
      }),
    )
  })

  test('keeps every other member, with its value and in its order', () => {
    fc.assert(
      fc.property(texts, (before) => {
        const merged = mergeSettings(before, full)
        const touched = new Set(merged.changes.map(({ path }) => path.join('\0')))
        const was = JSON.parse(before) as Record<string, unknown>
        const is = JSON.parse(merged.text) as Record<string, unknown>
        const kept = (document: Record<string, unknown>, prefix: string) =>
          Object.entries(document).filter(([name]) => !touched.has(prefix + name) && name !== 'env')
        expect(kept(is, '')).toEqual(kept(was, ''))
        if (isObject(was['env'])) {
          const env = is['env'] as Record<string, unknown>
          expect(kept(env, 'env\0').filter(([name]) => Object.hasOwn(was['env'] as object, name))).toEqual(
            kept(was['env'], 'env\0'),
          )
        }
      }),
    )
  })

  test('leaves nothing in the file that would compete with the gateway', () => {
    const before = {
      apiKeyHelper: 'print-key',
      forceLoginMethod: 'claudeai',
      env: {
        ANTHROPIC_API_KEY: 'sk-ant',
        CLAUDE_CODE_USE_BEDROCK: '1',
        CLAUDE_CODE_USE_POWERSHELL_TOOL: '1',
        ANTHROPIC_CUSTOM_HEADERS: 'x-portkey-api-key: k\nX-Team: blue\nx-portkey-config:pc-1\nx-portkey-trace-id: t',
      },
    }
    const { text, movedAside } = mergeSettings(JSON.stringify(before), block)
    expect(JSON.parse(text)).toEqual({
      env: {
        CLAUDE_CODE_USE_POWERSHELL_TOOL: '1',
        ...block.env,
        ANTHROPIC_CUSTOM_HEADERS: 'X-Team: blue\nx-portkey-trace-id: t',
      },
    })
    expect(movedAside).toHaveLength(6)
  })

  test('adds the project to metadata that stands there already', () => {
    const before = { env: { ANTHROPIC_CUSTOM_HEADERS: 'x-portkey-metadata: {"team":"blue","project":"old"}' } }
    const { text } = mergeSettings(JSON.stringify(before), full)
    const { env } = JSON.parse(text) as { env: Record<string, string> }
    expect(env['ANTHROPIC_CUSTOM_HEADERS']).toBe('x-portkey-metadata: {"team":"blue","project":"Z\\u00fcrich"}')
  })

  test('merging twice is merging once', () => {
    fc.assert(
      fc.property(texts, (before) => {
        const once = mergeSettings(before, full)
        const twice = mergeSettings(once.text, full)
        expect(twice).toMatchObject({ text: once.text, changes: [], movedAside: [] })
      }),
    )
  })

  test.each([
    ['a list', '[]'],
    ['an env that is no object', '{"env": []}'],
    ['a member that stands twice', '{"env": {"A": "1", "A": "2"}}'],
    ['a comment', '{ /* mine */ }'],
  ])('refuses %s', (_, text) => {
    expect(() => mergeSettings(text, block)).toThrow(JsonTextError)
  })
})

describe('revertSettings', () => {
  test('gives back every member, also after somebody added one', () => {
    fc.assert(
      fc.property(texts, fc.constantFrom(block, full), (before, wanted) => {
        const merged = mergeSettings(before, wanted)
        const edited = JSON.stringify({ ...(JSON.parse(merged.text) as object), added: 1 })
        expect(JSON.parse(revertSettings(edited, merged).text)).toEqual({ ...(JSON.parse(before) as object), added: 1 })
      }),
    )
  })

  test.each(['{}', '{"env":{}}'])('keeps an empty env only where one stood before: %s', (before) => {
    expect(JSON.parse(revertSettings(mergeSettings(before, block).text, mergeSettings(before, block)).text)).toEqual(
      JSON.parse(before),
    )
  })

  test('leaves alone what somebody changed since', () => {
    const merged = mergeSettings('{"env":{"ANTHROPIC_BASE_URL":"https://old"}}', block)
    const edited = merged.text.replace('https://gw.example.com', 'https://other')
    const { text, leftAlone } = revertSettings(edited, merged)
    expect(JSON.parse(text)).toEqual({ env: { ANTHROPIC_BASE_URL: 'https://other' } })
    expect(leftAlone).toEqual(['env.ANTHROPIC_BASE_URL'])
  })

  test('keeps no key of ours in what is needed for it', () => {
    const { changes, madeEnv } = mergeSettings('{}', block)
    expect(JSON.stringify({ changes, madeEnv })).not.toContain(block.env['ANTHROPIC_AUTH_TOKEN'])
  })
})

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

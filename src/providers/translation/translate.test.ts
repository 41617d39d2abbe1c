import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../core/errors.ts'
import { header } from '../../core/headers.ts'
import type { Id } from '../../core/ids.ts'
import { scanTopLevel } from '../../core/json.ts'
import { type ModelCall, NO_REPAIRS, PLATFORMS, type Platform, type Repairs, type Upstream } from '../adapter.ts'
import { betaOn } from './betas.ts'
import { handlingOf } from './fields.ts'
import { MODELS, traitsOf } from './models.ts'
import { isNarrower } from './platforms.ts'
import { type BodyShape, MESSAGES_BODY, type Translation, translate } from './translate.ts'

const INVOKE: BodyShape = {
  without: ['model', 'stream'],
  extra: { anthropic_version: '"bedrock-2023-05-31"' },
  betasInBody: true,
}
const RAW_PREDICT: BodyShape = {
  without: ['model'],
  extra: { anthropic_version: '"vertex-2023-10-16"' },
  betasInBody: false,
}

const shapeOf = (platform: Platform): BodyShape =>
  platform === 'bedrock-invoke' ? INVOKE : platform === 'vertex' ? RAW_PREDICT : MESSAGES_BODY

interface Told {
  readonly platform: Platform
  readonly body: unknown
  readonly betas?: string
  readonly model?: string
  readonly repairs?: Partial<Repairs>
  readonly endpoint?: ModelCall['endpoint']
}

function callOf({ body, betas, model, repairs, endpoint = 'messages' }: Told): ModelCall {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const name = model ?? (JSON.parse(bytes.toString()) as { model?: string }).model ?? 'claude-opus-5-5'
  return {
    endpoint,
    query: '',
    model: name,
    wireModel: name,
    streaming: true,
    headers: ['anthropic-version', '2023-06-01', ...(betas === undefined ? [] : ['anthropic-beta', betas])],
    body: { bytes, members: scanTopLevel(bytes), compressed: undefined },
    repairs: { ...NO_REPAIRS, ...repairs },
  }
}

const upstreamOn = (platform: Platform): Upstream => ({
  providerId: 'provider' as Id<'provider'>,
  slug: 'test',
  kind: 'anthropic',
  platform,
  integrationId: 'integration' as Id<'integration'>,
  origin: 'https://provider.test',
  basePath: '',
  trustedHost: false,
  settings: {},
  credential: () => undefined,
  allows: () => true,
  models: [],
})

const tell = (told: Told): Translation => translate(callOf(told), upstreamOn(told.platform), shapeOf(told.platform))

type Message = Record<string, unknown> & { role: string; content: string | Record<string, unknown>[] }
type Body = Record<string, unknown> & { messages: Message[]; tools?: Record<string, unknown>[] }
const read = ({ body }: Translation): Body => JSON.parse(body.toString()) as Body
const betasOf = (translation: Translation): string[] =>
  (read(translation)['anthropic_beta'] as string[] | undefined) ??
  header(translation.headers, 'anthropic-beta')
    ?.split(',')
    .filter((beta) => beta !== '') ??
  []

interface Fixture {
  readonly name: string
  readonly path: string
  readonly betas: string
  readonly body: Body
}

const folder = join(import.meta.dirname, '../../../tests/fixtures/claude-code')
const fixtures: readonly Fixture[] = readdirSync(folder).map((name) => {
  const { path, headers, body } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
    path: string
    headers: Record<string, string>
    body: Body
  }
  return { name, path, betas: headers['anthropic-beta'] ?? '', body }
})
const fixture = (start: string): Fixture => fixtures.find(({ name }) => name.startsWith(start))!

function incapable(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError)
    expect((error as GatewayError).code).toBe('target.incapable')
    return (error as GatewayError).message
  }
}

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
      const again = tell({ ...told, body: translation.body.toString(), betas: betasOf(translation).join(',') })
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
      expect(translation.body).toBe(call.body.bytes)
      expect(translation.headers).toBe(call.headers)
      expect(translation.changes).toEqual([])
    },
  )
})

describe("the client's own dialects", () => {
  const main = fixture('01')

  test('a turn for Bedrock has the members and betas that the client writes there itself', () => {
    const ours = read(tell({ platform: 'bedrock-invoke', body: main.body, betas: main.betas }))
    const theirs = fixture('14').body
    expect(Object.keys(ours).toSorted()).toEqual(Object.keys(theirs).toSorted())
    expect((ours['anthropic_beta'] as string[]).toSorted()).toEqual((theirs['anthropic_beta'] as string[]).toSorted())
  })

  test('a turn for Vertex AI has the members and betas that the client writes there itself', () => {
    const translation = tell({ platform: 'vertex', body: main.body, betas: main.betas })
    const theirs = fixture('15')
    expect(Object.keys(read(translation)).toSorted()).toEqual(Object.keys(theirs.body).toSorted())
    // Web search is asked for when a tool for it is there.
    const expected = theirs.betas.split(',').filter((beta) => !beta.startsWith('web-search'))
    expect(betasOf(translation).toSorted()).toEqual(expected.toSorted())
  })
})

describe('features a platform does not have', () => {
  const user = [{ role: 'user', content: 'Hello' }]

  test('safeguards are refused in the words of the API, so that Claude Code goes on without them', () => {
    const { body, betas } = fixture('04')
    for (const platform of ['bedrock-invoke', 'bedrock-mantle', 'vertex', 'compatible'] as const) {
      expect(incapable(() => tell({ platform, body, betas }))).toBe('safeguards: Extra inputs are not permitted')
    }
    expect(incapable(() => tell({ platform: 'anthropic', body, betas }))).toBeUndefined()
  })

  test.each([
    ['a server tool', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'tools.0.type'],
    ['MCP servers', { mcp_servers: [{ url: 'https://mcp.test' }] }, 'mcp_servers: Extra inputs'],
    ['a container', { container: 'c1' }, 'container: Extra inputs'],
    [
      'a file',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'f' } }] }] },
      'messages.0.content.0.source.type',
    ],
    [
      'an address in the result of a tool',
      {
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 't',
                content: [{ type: 'image', source: { type: 'url', url: 'u' } }],
              },
            ],
          },
        ],
      },
      'messages.0.content.0.content.0.source.type',
    ],
    ['a place for inference', { inference_geo: 'us' }, 'inference_geo: Extra inputs'],
  ])('Bedrock is skipped for %s', (_, part, says) => {
    const body = { model: 'claude-opus-5', messages: user, ...part }
    expect(incapable(() => tell({ platform: 'bedrock-invoke', body }))).toContain(says)
    expect(incapable(() => tell({ platform: 'anthropic', body }))).toBeUndefined()
  })

  test('values that ask for nothing are dropped instead', () => {
    const body = { model: 'claude-opus-5', messages: user, mcp_servers: [], container: null, inference_geo: 'global' }
    expect(Object.keys(read(tell({ platform: 'bedrock-invoke', body })))).toEqual(['anthropic_version', 'messages'])
  })

  test('a body that is too large for one platform is only that', () => {
    const body = { model: 'claude-opus-5', messages: [{ role: 'user', content: 'x'.repeat(21 * 1024 * 1024) }] }
    expect(incapable(() => tell({ platform: 'bedrock-invoke', body }))).toContain('too long')
    expect(incapable(() => tell({ platform: 'vertex', body }))).toBeUndefined()
  })

  test('Vertex AI has the basic web search, and is told so', () => {
    const search = (type: string) => ({ model: 'claude-opus-5', messages: user, tools: [{ type, name: 'web_search' }] })
    expect(betasOf(tell({ platform: 'vertex', body: search('web_search_20250305') }))).toEqual([
      'web-search-2025-03-05',
    ])
    expect(incapable(() => tell({ platform: 'vertex', body: search('web_search_20260209') }))).toContain('tools.0.type')
  })

  test('a count on Vertex AI has no betas, and no field that would need one', () => {
    const tools = [{ name: 'a', input_schema: {}, defer_loading: true }]
    const body = { model: 'claude-opus-5', messages: user, tools }
    const translation = tell({
      platform: 'vertex',
      endpoint: 'count_tokens',
      body,
      betas: 'advanced-tool-use-2025-11-20',
    })
    expect(betasOf(translation)).toEqual([])
    expect(read(translation).tools).toEqual([{ name: 'a', input_schema: {} }])
  })
})

describe('the conversation', () => {
  const system = (content: unknown) => ({ role: 'system', content })

  test('system messages become reminders of the user message before, the same from text and from blocks', () => {
    const conversation = (content: unknown) => ({
      model: 'claude-opus-4-6',
      messages: [
        { role: 'user', content: 'Hi' },
        system(content),
        { role: 'assistant', content: 'Yes' },
        system('late'),
      ],
    })
    const expected = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'text', text: '<system-reminder>\nrules\n</system-reminder>\n' },
        ],
      },
      { role: 'assistant', content: 'Yes' },
      { role: 'user', content: [{ type: 'text', text: '<system-reminder>\nlate\n</system-reminder>\n' }] },
    ]
    for (const content of ['rules', [{ type: 'text', text: 'rules' }]]) {
      expect(read(tell({ platform: 'vertex', body: conversation(content) })).messages).toEqual(expected)
    }
  })

  test('a cache mark on a system message moves along', () => {
    const body = {
      model: 'claude-sonnet-5',
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        system([{ type: 'text', text: 'rules', cache_control: { type: 'ephemeral', scope: 'global' } }]),
      ],
    }
    expect(read(tell({ platform: 'bedrock-invoke', body })).messages[0]?.content[1]).toMatchObject({
      cache_control: { type: 'ephemeral' },
    })
    // Sonnet 5 takes them elsewhere.
    expect(read(tell({ platform: 'vertex', body })).messages).toHaveLength(2)
  })

  test('finished searches are told in words where the platform made none', () => {
    const body = {
      model: 'claude-opus-5',
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
            {
              type: 'web_search_tool_result',
              tool_use_id: 's',
              content: [{ type: 'web_search_result', title: 'T', url: 'https://t.test', encrypted_content: 'xyz' }],
            },
            { type: 'text', text: 'So', citations: [{ encrypted_index: 'i' }] },
          ],
        },
      ],
    }
    expect(read(tell({ platform: 'bedrock-invoke', body })).messages[0]?.content).toEqual([
      { type: 'text', text: '[Used the tool web_search with {"query":"q"}]' },
      { type: 'text', text: '[It found]\n- T (https://t.test)' },
      { type: 'text', text: 'So' },
    ])
    expect(tell({ platform: 'vertex', body }).body.toString()).toContain('xyz')
  })

  test('caching of the whole request moves to the last block for older models on InvokeModel', () => {
    const mark = { type: 'ephemeral' }
    const body = { model: 'claude-opus-4-6', cache_control: mark, messages: [{ role: 'user', content: 'Hi' }] }
    const moved = read(tell({ platform: 'bedrock-invoke', body }))
    expect(moved['cache_control']).toBeUndefined()
    expect(moved.messages[0]?.content).toEqual([{ type: 'text', text: 'Hi', cache_control: mark }])
    const kept = read(tell({ platform: 'bedrock-invoke', body: { ...body, model: 'claude-opus-5' } }))
    expect(kept['cache_control']).toEqual(mark)
  })
})

describe('another model than the client asked for', () => {
  const asked = {
    model: 'claude-opus-5-5',
    max_tokens: 128_000,
    thinking: { type: 'adaptive', display: 'omitted' },
    output_config: { effort: 'xhigh' },
    messages: [{ role: 'user', content: 'Hi' }],
  }

  test('an older one gets a budget, its own levels of effort and its own limit', () => {
    expect(read(tell({ platform: 'anthropic', body: asked, model: 'claude-haiku-4-5' }))).toEqual({
      model: 'claude-haiku-4-5',
      max_tokens: 64_000,
      thinking: { type: 'enabled', budget_tokens: 31_999, display: 'omitted' },
      messages: asked.messages,
    })
    expect(read(tell({ platform: 'anthropic', body: asked, model: 'claude-opus-4-6' }))).toMatchObject({
      output_config: { effort: 'high' },
      thinking: { type: 'adaptive' },
    })
  })

  test('a small answer leaves no room for a budget, so there is no thinking', () => {
    const body = { ...asked, max_tokens: 500 }
    expect(read(tell({ platform: 'anthropic', body, model: 'claude-haiku-4-5' }))).not.toHaveProperty('thinking')
  })

  test('a newer one gets adaptive thinking, no sampling and no forced tool', () => {
    const body = {
      model: 'claude-sonnet-4-5',
      thinking: { type: 'enabled', budget_tokens: 5_000 },
      temperature: 0.2,
      tool_choice: { type: 'tool', name: 'x' },
      messages: asked.messages,
    }
    expect(read(tell({ platform: 'anthropic', body, model: 'claude-opus-5-5' }))).toEqual({
      model: 'claude-opus-5-5',
      thinking: { type: 'adaptive' },
      tool_choice: { type: 'auto' },
      messages: asked.messages,
    })
  })

  test('a slug in front of the name, and a date behind it, do not make it another one', () => {
    const body = { ...asked, model: '@main/claude-sonnet-4-5-20250929' }
    expect(read(tell({ platform: 'anthropic', body, model: 'claude-sonnet-4-5' }))).toEqual({
      ...asked,
      model: 'claude-sonnet-4-5',
    })
  })
})

describe('what earlier tries have taught', () => {
  const thinking = { type: 'thinking', thinking: 'hm', signature: 's' }
  const body = {
    model: 'claude-opus-5',
    system: [
      { type: 'text', text: 'x-anthropic-billing-header: a' },
      { type: 'text', text: 'You are' },
    ],
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
      { role: 'assistant', content: [thinking, { type: 'text', text: 'b' }] },
      { role: 'user', content: 'c' },
      { role: 'assistant', content: [thinking] },
    ],
  }

  test('foreign thinking goes, up to the message that is named, and no message is left empty', () => {
    const all = read(tell({ platform: 'anthropic', body, repairs: { foreignThinking: Infinity } })).messages
    expect(all[1]?.content).toEqual([{ type: 'text', text: 'b' }])
    expect(all[3]?.content).toEqual([{ type: 'text', text: '(nothing)' }])
    const some = read(tell({ platform: 'anthropic', body, repairs: { foreignThinking: 2 } })).messages
    expect(some[1]?.content).toHaveLength(1)
    expect(some[3]?.content).toEqual([thinking])
  })

  test('an open tool loop without its thinking is answered without thinking, where a budget would demand it', () => {
    const loop = {
      model: 'claude-sonnet-4-5',
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: [thinking, { type: 'tool_use', id: 't', name: 'x', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'r' }] },
      ],
    }
    const repairs = { foreignThinking: Infinity }
    expect(read(tell({ platform: 'anthropic', body: loop, repairs }))['thinking']).toEqual({ type: 'disabled' })
    const adaptive = { ...loop, model: 'claude-opus-5', thinking: { type: 'adaptive' } }
    expect(read(tell({ platform: 'anthropic', body: adaptive, repairs }))['thinking']).toEqual({ type: 'adaptive' })
  })

  test('the attribution line and the time to live go when they were refused', () => {
    const result = read(
      tell({ platform: 'anthropic', body, repairs: { withoutAttribution: true, withoutCacheTtl: true } }),
    )
    expect(result['system']).toEqual([{ type: 'text', text: 'You are' }])
    expect(result.messages[0]?.content).toEqual([{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }])
  })

  test('a refused beta takes its field along, on every platform', () => {
    const betas = 'claude-code-20250219,context-management-2025-06-27'
    const edited = { ...body, context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }
    for (const platform of ['anthropic', 'bedrock-invoke', 'foundry'] as const) {
      const kept = tell({ platform, body: edited, betas })
      expect(read(kept)).toHaveProperty('context_management')
      const repairs = { betasRefused: new Set(['context-management-2025-06-27']) }
      const cut = tell({ platform, body: edited, betas, repairs })
      expect(read(cut)).not.toHaveProperty('context_management')
      expect(betasOf(cut)).not.toContain('context-management-2025-06-27')
    }
  })

  test('the fewest betas are those whose fields are in the body', () => {
    const tools = [{ name: 'a', input_schema: {}, defer_loading: true }]
    const betas = 'interleaved-thinking-2025-05-14,advanced-tool-use-2025-11-20,thinking-token-count-2026-05-13'
    const translation = tell({
      platform: 'bedrock-invoke',
      body: { ...body, tools },
      betas,
      repairs: { fewestBetas: true },
    })
    expect(betasOf(translation)).toEqual(['tool-search-tool-2025-10-19'])
  })
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
              expect(translation.body.toString()).toBe(text)
            }
          })
        },
      ),
      { numRuns: 1500 },
    )
  })
})

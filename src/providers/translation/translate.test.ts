import { describe, expect, test } from 'vitest'
import { joined } from '../../core/pieces.ts'
import { tell, read, betasOf, fixture, incapable } from '../../testing/translate-call.ts'

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
    expect(joined(tell({ platform: 'vertex', body }).body).toString()).toContain('xyz')
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

  test('one that begins its answers itself is not given a beginning; one that takes it keeps it', () => {
    const messages = [...asked.messages, { role: 'assistant', content: '{' }]
    const body = { model: 'claude-sonnet-4-5', max_tokens: 100, messages }
    const translation = tell({ platform: 'anthropic', body, model: 'claude-opus-5-5' })
    expect(read(translation)['messages']).toEqual(asked.messages)
    expect(translation.changes).toContainEqual({ action: 'dropped', what: 'assistant prefill' })
    expect(read(tell({ platform: 'anthropic', body, model: 'claude-haiku-4-5' }))['messages']).toEqual(messages)
  })

  test('a slug in front of the name, and a date behind it, do not make it another one', () => {
    const body = { ...asked, model: '@main/claude-sonnet-4-5-20250929' }
    expect(read(tell({ platform: 'anthropic', body, model: 'claude-sonnet-4-5' }))).toEqual({
      ...asked,
      model: 'claude-sonnet-4-5',
    })
  })
})

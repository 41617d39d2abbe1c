/* oxlint-disable unicorn/no-thenable -- A config's conditions say `then`, and nobody awaits one. */
import { describe, expect, test } from 'vitest'
import { readConfig } from './document.ts'
import { NO_SETTINGS, type RoutingConfig, type RoutingNode } from './routing-config.ts'

const IDENTITY = { id: 'pc-company', versionId: 'v1' }

describe('a document that can be followed', () => {
  test('a fallback over three providers', () => {
    const { root } = read({
      strategy: { mode: 'fallback' },
      targets: [{ provider: '@anthropic-prod' }, { provider: '@bedrock-prod' }, { provider: '@vertex-prod' }],
    })
    expect(root).toEqual({
      kind: 'fallback',
      path: 'config',
      name: undefined,
      onStatusCodes: undefined,
      children: ['anthropic-prod', 'bedrock-prod', 'vertex-prod'].map((provider, index) => ({
        kind: 'target',
        path: `config.targets[${index}]`,
        name: undefined,
        provider,
        settings: NO_SETTINGS,
      })),
    })
  })

  test('a cache alone is one target that takes the provider of the request', () => {
    expect(read({ cache: { mode: 'simple' } }).root).toEqual({
      kind: 'target',
      path: 'config',
      name: undefined,
      provider: undefined,
      settings: { ...NO_SETTINGS, cache: { maxAgeSeconds: 604_800, scope: 'key' } },
    })
  })

  test('one provider with forwarded headers', () => {
    const { root } = read({ provider: '@slug', forward_headers: ['Anthropic-Beta', 'anthropic-beta', 'x-team'] })
    expect(root).toMatchObject({ provider: 'slug', settings: { forwardHeaders: ['anthropic-beta', 'x-team'] } })
  })

  test('as text it says the same as an object', () => {
    const document = { provider: '@slug', retry: { attempts: 3 } }
    expect(read(JSON.stringify(document))).toEqual(read(document))
  })

  test.each([
    ['virtual_key for a provider', { virtual_key: 'slug' }, { provider: '@slug' }],
    ['a kind of provider beside a virtual key', { provider: 'anthropic', virtual_key: 'slug' }, { provider: '@slug' }],
    ['camelCase', { virtualKey: 'slug', requestTimeout: 5 }, { provider: '@slug', request_timeout: 5 }],
    [
      'use_retry_after_header',
      { retry: { attempts: 1, use_retry_after_header: true } },
      { retry: { attempts: 1, use_retry_after_headers: true } },
    ],
    [
      'status codes beside the targets',
      { strategy: { mode: 'fallback' }, on_status_codes: [429], targets: [{ provider: '@a' }] },
      { strategy: { mode: 'fallback', on_status_codes: [429] }, targets: [{ provider: '@a' }] },
    ],
    [
      'members without a meaning here',
      { provider: '@slug', strict_open_ai_compliance: true, fetch_integrated_models: false },
      { provider: '@slug' },
    ],
    [
      'passthrough',
      { strategy: { mode: 'fallback' }, targets: [{ passthrough: true }, { provider: '@b' }] },
      { strategy: { mode: 'fallback' }, targets: [{}, { provider: '@b' }] },
    ],
  ])('%s is another spelling of the same', (_, one, other) => {
    expect(read(one).root).toEqual(read(other).root)
  })

  test('single is its first target', () => {
    const targets = [{ provider: '@a', name: 'first' }, { provider: '@b' }]
    expect(read({ strategy: { mode: 'single' }, targets }).root).toMatchObject({
      kind: 'target',
      path: 'config.targets[0]',
      provider: 'a',
    })
  })

  test('targets inherit from every node above them; nearer settings win, parameters add up', () => {
    const { root } = read({
      retry: { attempts: 5, on_status_codes: [429] },
      cache: { mode: 'simple', max_age: 60, scope: 'workspace' },
      request_timeout: 1_000,
      forward_headers: ['x-one'],
      override_params: { temperature: 0, thinking: { type: 'enabled', budget_tokens: 1 } },
      default_params: { top_k: 1 },
      drop_params: ['metadata'],
      strategy: { mode: 'fallback', cb_config: { failure_threshold: 2, failure_status_codes: [429, 529] } },
      targets: [
        { provider: '@a' },
        {
          provider: '@b',
          retry: { attempts: 0 },
          request_timeout: 2_000,
          forward_headers: ['x-two'],
          override_params: { temperature: 1, thinking: { budget_tokens: 2 } },
          drop_params: ['messages[*].cache_control'],
          anthropic_beta: 'beta-1',
        },
      ],
    })
    const breaker = {
      failureThreshold: 2,
      failureThresholdPercentage: undefined,
      minimumRequests: 5,
      cooldownMs: 30_000,
      failureStatusCodes: new Set([429, 529]),
    }
    const inherited = {
      ...NO_SETTINGS,
      retry: { attempts: 5, onStatusCodes: new Set([429]), useRetryAfterHeaders: false },
      cache: { maxAgeSeconds: 60, scope: 'workspace' },
      requestTimeoutMs: 1_000,
      forwardHeaders: ['x-one'],
      params: {
        defaults: { top_k: 1 },
        overrides: { temperature: 0, thinking: { type: 'enabled', budget_tokens: 1 } },
        drops: [['metadata']],
      },
      breaker,
    }
    expect(childrenOf(root).map((child) => child.kind === 'target' && child.settings)).toEqual([
      inherited,
      {
        ...inherited,
        retry: { attempts: 0, onStatusCodes: undefined, useRetryAfterHeaders: false },
        requestTimeoutMs: 2_000,
        forwardHeaders: ['x-two'],
        params: {
          defaults: { top_k: 1 },
          overrides: { temperature: 1, thinking: { type: 'enabled', budget_tokens: 2 } },
          drops: [['metadata'], ['messages', '*', 'cache_control']],
        },
        anthropicBeta: 'beta-1',
      },
    ])
  })

  test('a model may choose its provider', () => {
    const { config, providers } = readConfig({ override_params: { model: '@bedrock/claude-opus-4-8' } }, IDENTITY)
    expect(config?.root).toMatchObject({
      provider: 'bedrock',
      settings: { params: { overrides: { model: 'claude-opus-4-8' } } },
    })
    expect(providers).toEqual([{ slug: 'bedrock', path: 'config.override_params.model' }])
  })

  test('it lists the providers it names, and where', () => {
    const targets = [{ provider: '@a' }, { strategy: { mode: 'loadbalance' }, targets: [{ virtual_key: 'b' }] }]
    expect(readConfig({ strategy: { mode: 'fallback' }, targets }, IDENTITY).providers).toEqual([
      { slug: 'a', path: 'config.targets[0].provider' },
      { slug: 'b', path: 'config.targets[1].targets[0].virtual_key' },
    ])
  })

  test('a conditional knows its targets by name', () => {
    const { root } = read({
      strategy: {
        mode: 'conditional',
        conditions: [
          { query: { 'metadata.plan': 'gold', 'params.max_tokens': { $gt: 10, $lte: 20 } }, then: 'best' },
          { query: { $or: [{ 'url.pathname': '/v1/messages' }, { 'params.a.b': { $in: [1, null] } }] }, then: 'usual' },
        ],
        default: 'usual',
      },
      targets: [
        { name: 'usual', provider: '@a' },
        { name: 'best', provider: '@b' },
      ],
    })
    expect(root).toMatchObject({
      kind: 'conditional',
      otherwise: 0,
      conditions: [
        {
          then: 1,
          query: {
            kind: 'and',
            parts: [
              { kind: 'compare', field: ['metadata', 'plan'], test: { operator: '$eq', value: 'gold' } },
              {
                kind: 'and',
                parts: [
                  { field: ['params', 'max_tokens'], test: { operator: '$gt', value: 10 } },
                  { field: ['params', 'max_tokens'], test: { operator: '$lte', value: 20 } },
                ],
              },
            ],
          },
        },
        {
          then: 0,
          query: {
            kind: 'or',
            parts: [
              { field: ['url', 'pathname'], test: { operator: '$eq', value: '/v1/messages' } },
              { field: ['params', 'a', 'b'], test: { operator: '$in', values: [1, null] } },
            ],
          },
        },
      ],
    })
  })

  test('a loadbalance has a weight for each target, 1 as usual, and may be sticky', () => {
    const sticky = { enabled: true, hash_fields: ['metadata._user'] }
    const targets = [{ provider: '@a', weight: 0.7 }, { provider: '@b' }, { provider: '@c', weight: 0 }]
    expect(read({ strategy: { mode: 'loadbalance', sticky }, targets }).root).toMatchObject({
      weights: [0.7, 1, 0],
      sticky: { hashFields: ['metadata._user'], ttlSeconds: 3_600 },
    })
  })

  test('two documents, or two versions of one, have different fingerprints', () => {
    const fingerprints = [
      readConfig({ provider: '@a' }, IDENTITY),
      readConfig({ provider: '@b' }, IDENTITY),
      readConfig({ provider: '@a' }, { ...IDENTITY, versionId: 'v2' }),
    ].map(({ config }) => config?.fingerprint)
    expect(new Set(fingerprints).size).toBe(3)
    expect(readConfig('{"provider":"@a"}', IDENTITY).config?.fingerprint).toBe(fingerprints[0])
  })

  test('an administrator may choose a host that is a public one', () => {
    const document = { provider: '@a', custom_host: 'https://llm.acme.com/v1' }
    const { config } = readConfig(document, IDENTITY, { mayChooseHost: { trusted: [] } })
    expect(config?.root).toMatchObject({ settings: { customHost: 'https://llm.acme.com/v1' } })
    expect(pathsOf(document)).toEqual(['config.custom_host'])
    const local = readConfig({ custom_host: 'http://127.0.0.1/v1' }, IDENTITY, { mayChooseHost: { trusted: [] } })
    expect(local.problems).toEqual([{ path: 'config.custom_host', message: expect.stringContaining('private') }])
  })
})

describe('a document with problems', () => {
  test('every problem is told, with its path', () => {
    expect(
      pathsOf({
        retyr: {},
        api_key: 'sk-…',
        strategy: { mode: 'fallbak', on_status_codes: [99] },
        targets: [
          { provider: 'anthropic' },
          { provider: '@a', retry: { attempts: 6 }, cache: { mode: 'semantic', max_age: 59 } },
          { provider: '@b', request_timeout: 0, forward_headers: ['authorization', 'x portkey'] },
        ],
      }),
    ).toEqual(
      expect.arrayContaining([
        'config.retyr',
        'config.api_key',
        'config.strategy.mode',
        'config.strategy.on_status_codes[0]',
        'config.targets[0].provider',
        'config.targets[1].retry.attempts',
        'config.targets[1].cache.mode',
        'config.targets[1].cache.max_age',
        'config.targets[2].request_timeout',
        'config.targets[2].forward_headers[0]',
        'config.targets[2].forward_headers[1]',
      ]),
    )
  })

  const two = [
    { provider: '@a', name: 'a' },
    { provider: '@b', name: 'b' },
  ]
  const conditional = (query: unknown) => ({
    strategy: { mode: 'conditional', conditions: [{ query, then: 'a' }], default: 'b' },
    targets: two,
  })
  const query = 'config.strategy.conditions[0].query'

  test.each<[string, unknown, string, string]>([
    ['nothing', {}, 'config', 'says nothing'],
    ['no object', [], 'config', 'has to be an object'],
    ['cut JSON', '{"provider":', 'config', 'not valid JSON'],
    ['too much', { name: 'x'.repeat(300_000) }, 'config', 'larger than 256 KB'],
    ['endless nesting', '['.repeat(10_000) + ']'.repeat(10_000), 'config', 'nested deeper'],
    ['a slip', { retyr: { attempts: 1 } }, 'config.retyr', 'did you mean retry?'],
    ['a credential', { api_key: 'sk' }, 'config.api_key', 'provider: "@slug"'],
    ['a credential of AWS', { aws_secret_access_key: 'x' }, 'config.aws_secret_access_key', 'provider: "@slug"'],
    ['guardrails', { input_guardrails: [] }, 'config.input_guardrails', 'no guardrails'],
    ['hooks in camelCase', { beforeRequestHooks: [] }, 'config.beforeRequestHooks', 'no guardrails'],
    ['a prompt', { prompt_id: 'pp' }, 'config.prompt_id', 'no prompts'],
    ['a kind of provider', { provider: 'bedrock' }, 'config.provider', '"@bedrock"'],
    ['a model behind a slug', { provider: '@a/m' }, 'config.provider', 'override_params.model'],
    ['two providers', { provider: '@a', virtual_key: 'b' }, 'config.provider', 'keep one'],
    [
      'two providers',
      { provider: '@a', override_params: { model: '@b/m' } },
      'config.override_params.model',
      'keep one',
    ],
    ['both spellings', { request_timeout: 1, requestTimeout: 2 }, 'config.requestTimeout', 'stands twice'],
    ['targets without a strategy', { targets: two }, 'config', 'strategy.mode'],
    ['a strategy without targets', { strategy: { mode: 'fallback' } }, 'config.strategy', 'targets'],
    ['no targets', { strategy: { mode: 'fallback' }, targets: [] }, 'config.targets', 'is empty'],
    ['too many', { strategy: { mode: 'fallback' }, targets: Array(101).fill({}) }, 'config.targets', 'more than 100'],
    [
      'weights of zero',
      { strategy: { mode: 'loadbalance' }, targets: [{ weight: 0 }, { weight: 0 }] },
      'config.targets',
      'weight above 0',
    ],
    [
      'a weight below zero',
      { strategy: { mode: 'loadbalance' }, targets: [{ weight: -1 }, { weight: 1 }] },
      'config.targets[0].weight',
      '0 or more',
    ],
    [
      'conditions in a fallback',
      { strategy: { mode: 'fallback', default: 'a' }, targets: two },
      'config.strategy.default',
      'belongs to conditional',
    ],
    ['a stream', { override_params: { stream: true } }, 'config.override_params.stream', 'the client decides'],
    ['no messages', { drop_params: ['messages'] }, 'config.drop_params[0]', 'every request needs'],
    ['no path', { drop_params: ['a..b'] }, 'config.drop_params[0]', 'not a path'],
    ['our own header', { forward_headers: ['X-Portkey-Config'] }, 'config.forward_headers[0]', 'never travels on'],
    ['no attempts', { retry: {} }, 'config.retry', 'attempts'],
    [
      'a short cooldown',
      { cb_config: { failure_threshold: 1, cooldown_interval: 29_999 } },
      'config.cb_config.cooldown_interval',
      '30000',
    ],
    ['no threshold', { cb_config: {} }, 'config.cb_config', 'failure_threshold'],
    [
      'no default',
      { strategy: { mode: 'conditional', conditions: [] }, targets: two },
      'config.strategy',
      'needs default',
    ],
    [
      'an unknown target',
      { strategy: { mode: 'conditional', conditions: [], default: 'c' }, targets: two },
      'config.strategy.default',
      'not the name of a target',
    ],
    [
      'one name twice',
      { strategy: { mode: 'conditional', conditions: [], default: 'a' }, targets: [...two, { name: 'a' }] },
      'config.targets[2].name',
      'stands twice',
    ],
    ['an unknown field', conditional({ team: 'a' }), `${query}.team`, 'not a field'],
    ['a header', conditional({ 'headers.x': 'a' }), `${query}.headers.x`, 'send it as metadata'],
    [
      'an unknown operator',
      conditional({ 'metadata.a': { $gtt: 1 } }),
      `${query}.metadata.a.$gtt`,
      'did you mean $gt?',
    ],
    ['a broken pattern', conditional({ 'metadata.a': { $regex: '(' } }), `${query}.metadata.a.$regex`, 'RE2'],
    ['a back-reference', conditional({ 'metadata.a': { $regex: '(a)\\1' } }), `${query}.metadata.a.$regex`, 'RE2'],
    [
      'a pattern that explodes',
      conditional({ 'metadata.a': { $regex: '((a{1,30}){1,30})$' } }),
      `${query}.metadata.a.$regex`,
      'too large',
    ],
    ['an empty condition', conditional({}), query, 'is empty'],
    ['an empty list of conditions', conditional({ $or: [] }), `${query}.$or`, 'is empty'],
  ])('%s: %j', (_, document, path, message) => {
    expect(readConfig(document, IDENTITY).problems).toEqual([{ path, message: expect.stringContaining(message) }])
  })

  test('quotes that do not match take no longer to refuse than others', () => {
    const { problems } = readConfig(`{"a":"${'\\"'.repeat(120_000)}`, IDENTITY)
    expect(problems).toEqual([{ path: 'config', message: 'is not valid JSON' }])
  })

  test('steep patterns, each of which would do, are too large together', () => {
    const document = (pattern: string) => ({
      strategy: {
        mode: 'conditional',
        conditions: Array.from({ length: 50 }, () => ({ query: { 'metadata.a': { $regex: pattern } }, then: 'a' })),
        default: 'a',
      },
      targets: [{ name: 'a', provider: '@a' }],
    })
    expect(readConfig(document('^team-(?:payments|search)-[a-z]+$'), IDENTITY).problems).toBeUndefined()
    expect(readConfig(document('(?i)(.*a.*){40}z'), IDENTITY).problems?.[0].message).toContain('too large together')
  })

  test('strategies in strategies end somewhere', () => {
    const nested = (depth: number): object =>
      depth === 0 ? { provider: '@a' } : { strategy: { mode: 'fallback' }, targets: [nested(depth - 1)] }
    expect(readConfig(nested(16), IDENTITY).problems).toBeUndefined()
    expect(pathsOf(nested(17))).toEqual([`config${'.targets[0]'.repeat(16)}.targets`])
  })

  test('a document full of slips is refused without listing them all', () => {
    const document = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`retry${index}`, 1]))
    expect(readConfig(document, IDENTITY).problems).toHaveLength(100)
  })
})

function read(document: unknown): RoutingConfig {
  const { config, problems } = readConfig(document, IDENTITY)
  if (config === undefined) throw new Error(JSON.stringify(problems))
  return config
}

function pathsOf(document: unknown): readonly string[] | undefined {
  return readConfig(document, IDENTITY).problems?.map(({ path }) => path)
}

function childrenOf(node: RoutingNode): readonly RoutingNode[] {
  return node.kind === 'target' ? [] : node.children
}

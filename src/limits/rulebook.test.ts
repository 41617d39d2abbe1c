import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Budget, LimitedCall, LimitLevel, RateLimit } from './limit.ts'
import type { PolicyCondition } from './policy-conditions.ts'
import { createRulebook, type Rules } from './rulebook.ts'

const CALL: LimitedCall = {
  organisationId: 'org',
  workspaceId: 'payments',
  userId: 'ada',
  keyId: 'laptop',
  endpoint: 'messages',
  metadata: {},
  providerId: 'provider-1',
  providerSlug: 'anthropic',
  integrationId: 'account',
  model: 'claude-opus-4-1-20250805',
  configId: undefined,
}

const SUBJECTS: readonly (readonly [LimitLevel, string])[] = [
  ['organisation', 'org'],
  ['workspace', 'payments'],
  ['user', 'ada'],
  ['key', 'laptop'],
  ['provider', 'provider-1'],
  ['integration', 'account:payments'],
]

function budget(id: string, over: Partial<Budget> = {}): Budget {
  return {
    kind: 'budget',
    id,
    level: 'key',
    of: 'somebody',
    workspaceId: undefined,
    unit: 'cost',
    amount: 1_000_000_000n,
    reset: { every: 'month' },
    since: 0,
    hard: true,
    mode: 'strict',
    alertAt: [],
    ...over,
  }
}

function rate(id: string, over: Partial<RateLimit> = {}): RateLimit {
  return {
    kind: 'rate',
    id,
    level: 'key',
    of: 'somebody',
    workspaceId: undefined,
    unit: 'requests',
    value: 10,
    windowMs: 60_000,
    ...over,
  }
}

function rulebook(rules: Partial<Rules>) {
  return createRulebook({ limits: [], policies: [], resets: new Map(), providerKinds: new Map(), ...rules })
}

function policy(conditions: readonly PolicyCondition[], groupBy: readonly string[] = [], over: Partial<Budget> = {}) {
  const limit = budget('policy', { level: 'policy', ...over })
  return rulebook({ policies: [{ limit, conditions, groupBy }], providerKinds: new Map([['provider-1', 'bedrock']]) })
}

const bucketsOf = (book: ReturnType<typeof rulebook>, call: Partial<LimitedCall> = {}) =>
  book.purses({ ...CALL, ...call }).map(({ bucket }) => bucket)

describe('subjects', () => {
  const limits = SUBJECTS.flatMap(([level, subjectId]) => [
    { limit: budget(`${level} budget`, { level }), subjectId },
    { limit: rate(`${level} rate`, { level }), subjectId },
    { limit: budget(`${level} of somebody else`, { level }), subjectId: 'somebody else' },
  ])
  const book = rulebook({ limits })

  test('a call is charged to the budgets of all six levels, and to nobody else’s', () => {
    expect(bucketsOf(book)).toEqual(SUBJECTS.map(([level]) => `${level} budget`))
  })

  test('rate limits of provider and integration are left until a target is chosen', () => {
    expect(book.lanes(CALL, CALL).map(({ bucket }) => bucket)).toEqual([
      'organisation rate',
      'workspace rate',
      'user rate',
      'key rate',
    ])
    expect(book.targetLanes(CALL).map(({ bucket }) => bucket)).toEqual(['provider rate', 'integration rate'])
  })

  test('counting tokens is charged to nobody, and limited in its rate', () => {
    expect(book.purses({ ...CALL, endpoint: 'count_tokens' })).toEqual([])
    expect(book.lanes(CALL, { endpoint: 'count_tokens', metadata: {} })).toHaveLength(4)
  })

  test('a key that belongs to nobody has no budget of a person', () => {
    expect(bucketsOf(book, { userId: undefined, keyId: 'ci' })).toEqual([
      'organisation budget',
      'workspace budget',
      'provider budget',
      'integration budget',
    ])
  })

  test('an integration’s budget in one workspace is not another workspace’s', () => {
    expect(bucketsOf(book, { workspaceId: 'research', keyId: 'other', userId: undefined })).toEqual([
      'organisation budget',
      'provider budget',
    ])
  })

  test('the same question gets the same answer, and where nothing is limited all share one', () => {
    expect(book.purses(CALL)).toBe(book.purses({ ...CALL }))
    const empty = rulebook({})
    expect(empty.purses(CALL)).toBe(empty.lanes(CALL, CALL))
    expect(empty.purses(CALL)).toBe(rulebook({ limits }).purses({ ...CALL, endpoint: 'count_tokens' }))
  })

  test('limits are found by id, resets by bucket', () => {
    expect(book.find('key rate')).toMatchObject({ kind: 'rate', level: 'key' })
    expect(book.find('nothing')).toBeUndefined()
    expect(rulebook({ resets: new Map([['a|["x"]', 5]]) }).resetAt('a|["x"]')).toBe(5)
  })
})

describe('conditions', () => {
  test.each<[string, PolicyCondition, Partial<LimitedCall>, boolean]>([
    ['a key', { key: 'api_key', value: 'laptop' }, {}, true],
    ['another key', { key: 'api_key', value: 'phone' }, {}, false],
    ['one of several', { key: 'api_key', value: ['phone', 'laptop'] }, {}, true],
    ['everything but this', { key: 'api_key', value: 'laptop', excludes: true }, {}, false],
    ['everything but that', { key: 'api_key', value: 'phone', excludes: true }, {}, true],
    ['any', { key: 'metadata.team', value: '*' }, {}, true],
    ['none', { key: 'metadata.team', value: '*', excludes: true }, {}, false],
    ['a workspace', { key: 'workspace_id', value: 'payments' }, {}, true],
    ['a person', { key: 'user', value: 'ada' }, {}, true],
    ['nobody', { key: 'user', value: 'ada' }, { userId: undefined }, false],
    ['a tag', { key: 'metadata.team', value: 'core' }, { metadata: { team: 'core' } }, true],
    ['a tag in other letters', { key: 'metadata.team', value: 'Core' }, { metadata: { team: 'ＣORE' } }, true],
    ['a missing tag', { key: 'metadata.team', value: 'core' }, {}, false],
    ['not a tag that is missing', { key: 'metadata.team', value: 'core', excludes: true }, {}, true],
    ['a tag named like a part of every object', { key: 'metadata.constructor', value: 'x', excludes: true }, {}, true],
    ['a provider', { key: 'provider', value: '@anthropic' }, {}, true],
    ['a kind of provider', { key: 'provider', value: 'bedrock' }, {}, true],
    ['another provider', { key: 'provider', value: 'vertex-ai' }, {}, false],
    ['a virtual key by slug', { key: 'virtual_key', value: 'anthropic' }, {}, true],
    ['a virtual key by id', { key: 'virtual_key', value: 'provider-1' }, {}, true],
    ['a config', { key: 'config', value: 'pc-main' }, { configId: 'pc-main' }, true],
    ['no config', { key: 'config', value: 'pc-main' }, {}, false],
    ['a prompt, which nothing comes from', { key: 'prompt', value: 'pp-1' }, {}, false],
    ['an endpoint', { key: 'endpoint_type', value: 'messages' }, {}, true],
    ['a model by its plain name', { key: 'model', value: 'claude-opus-4-1' }, {}, true],
    ['a model by its whole name', { key: 'model', value: 'claude-opus-4-1-20250805' }, {}, true],
    ['a model in large letters', { key: 'model', value: 'claude-opus-4-1' }, { model: 'Claude-Opus-4-1' }, true],
    ['a family', { key: 'model', value: 'claude-opus-*' }, {}, true],
    [
      'a family behind a long path',
      { key: 'model', value: 'claude-opus-*' },
      { model: `${'x/'.repeat(100)}Claude-Opus-5` },
      true,
    ],
    [
      'a family on Bedrock',
      { key: 'model', value: 'claude-opus-*' },
      { model: 'us.anthropic.claude-opus-5-v1:0' },
      true,
    ],
    ['another family', { key: 'model', value: 'claude-haiku-*' }, {}, false],
    ['a model at a provider', { key: 'model', value: '@anthropic/claude-opus-4-1' }, {}, true],
    ['all models of a provider', { key: 'model', value: '@anthropic/*' }, {}, true],
    ['all models of another one', { key: 'model', value: '@bedrock/*' }, {}, false],
  ])('%s', (_what, condition, call, applies) => {
    expect(bucketsOf(policy([condition]), call)).toEqual(applies ? ['policy'] : [])
  })

  test('all of them have to hold, and none hold for everybody', () => {
    const both = [
      { key: 'user', value: 'ada' },
      { key: 'model', value: 'claude-opus-*' },
    ]
    expect(bucketsOf(policy(both))).toEqual(['policy'])
    expect(bucketsOf(policy(both), { model: 'claude-haiku-4-5' })).toEqual([])
    expect(bucketsOf(policy([]))).toEqual(['policy'])
  })

  test('a policy of one workspace looks at nobody in another', () => {
    const book = policy([], [], { workspaceId: 'payments' })
    expect(bucketsOf(book)).toEqual(['policy'])
    expect(bucketsOf(book, { workspaceId: 'research', keyId: 'other' })).toEqual([])
  })

  test('two spellings of a model are two questions, even when groups call them the same', () => {
    const book = policy([{ key: 'model', value: 'claude-opus-4-1-20250805' }])
    expect(bucketsOf(book)).toEqual(['policy'])
    expect(bucketsOf(book, { model: 'claude-opus-4-1' })).toEqual([])
    expect(bucketsOf(book)).toEqual(['policy'])
  })
})

describe('groups', () => {
  test('each combination of values has a bucket', () => {
    const book = policy([], ['user', 'model'])
    expect(bucketsOf(book)).toEqual(['policy|["ada","claude-opus-4-1"]'])
    expect(bucketsOf(book, { userId: 'grace', keyId: 'desk' })).toEqual(['policy|["grace","claude-opus-4-1"]'])
  })

  test('leaving a tag out leads to a bucket of its own, not past the policy', () => {
    expect(bucketsOf(policy([], ['metadata.team']))).toEqual(['policy|[null]'])
    expect(bucketsOf(policy([], ['metadata.team']), { metadata: { team: 'null' } })).toEqual(['policy|["null"]'])
  })

  test('no model gets a fresh bucket by another spelling of its name', () => {
    const book = policy([], ['model'])
    const spellings = [
      'claude-opus-4-1',
      'CLAUDE-OPUS-4-1',
      'US.Anthropic.Claude-Opus-4-1',
      'us.anthropic.claude-opus-4-1-20250805-v1:0',
      'claude-opus-4-1[1m]',
    ]
    expect(new Set(spellings.flatMap((model) => bucketsOf(book, { model })))).toEqual(
      new Set(['policy|["claude-opus-4-1"]']),
    )
  })

  test('whose key a request comes with decides who _user is, whatever its tags claim', () => {
    const book = policy([], ['metadata._user'])
    expect(bucketsOf(book, { metadata: { _user: 'grace' } })).toEqual(['policy|["ada"]'])
    expect(bucketsOf(book, { metadata: { _user: 'grace' }, userId: undefined, keyId: 'ci' })).toEqual([
      'policy|["grace"]',
    ])
  })

  test('values cannot be written so that two combinations share a bucket', () => {
    const book = policy([], ['metadata.a', 'metadata.b'])
    const buckets = [
      { a: 'x","y', b: 'z' },
      { a: 'x', b: 'y","z' },
      { a: 'x\n"y"', b: 'z' },
    ].flatMap((metadata) => bucketsOf(book, { metadata }))
    expect(new Set(buckets).size).toBe(3)
  })

  test('a value of a megabyte makes no bucket of a megabyte', () => {
    const [bucket] = bucketsOf(policy([], ['metadata.team']), { metadata: { team: 'x'.repeat(1_000_000) } })
    expect(bucket!.length).toBeLessThan(200)
  })

  test('however many values there are, each gets its own bucket', () => {
    const book = policy([], ['metadata.team'])
    for (let team = 0; team < 10_000; team++) {
      expect(bucketsOf(book, { metadata: { team: `t${team}` } })).toEqual([`policy|["t${team}"]`])
    }
  })
})

test('a policy’s rate limit is looked at early when the key and the request settle it, else with the target', () => {
  const limit = (id: string) => rate(id, { level: 'policy' })
  const book = rulebook({
    policies: [
      { limit: limit('early'), conditions: [{ key: 'metadata.team', value: '*' }], groupBy: ['user'] },
      { limit: limit('late'), conditions: [], groupBy: ['model'] },
    ],
  })
  expect(book.lanes(CALL, CALL).map(({ bucket }) => bucket)).toEqual(['early|["ada"]'])
  expect(book.targetLanes(CALL).map(({ bucket }) => bucket)).toEqual(['late|["claude-opus-4-1"]'])
})

describe('for whatever rules and calls', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const spelling = fc.constantFrom(
    'claude-opus-5',
    'CLAUDE-OPUS-5',
    'us.anthropic.claude-opus-5-v1:0',
    'claude-haiku-5',
  )
  const call: fc.Arbitrary<LimitedCall> = fc.record({
    organisationId: fc.constant('org'),
    workspaceId: name,
    userId: fc.option(name, { nil: undefined }),
    keyId: name,
    endpoint: fc.constantFrom('messages', 'count_tokens'),
    metadata: fc.dictionary(name, name, { maxKeys: 2 }),
    providerId: name,
    providerSlug: name,
    integrationId: name,
    model: spelling,
    configId: fc.option(name, { nil: undefined }),
  })
  const key = fc.constantFrom('user', 'api_key', 'workspace_id', 'metadata.a', 'metadata.b', 'model', 'config')
  const condition: fc.Arbitrary<PolicyCondition> = fc.oneof(
    fc.record({ key, value: name, excludes: fc.boolean() }),
    fc.record({
      key: fc.constant('model'),
      value: fc.constantFrom('claude-opus-*', '@a/*', '*'),
      excludes: fc.boolean(),
    }),
  )
  const rules = fc.array(
    fc.record({
      conditions: fc.array(condition, { maxLength: 3 }),
      groupBy: fc.uniqueArray(key, { maxLength: 2 }),
      workspaceId: fc.option(name, { nil: undefined }),
      isRate: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  const toRules = (set: readonly (typeof rules extends fc.Arbitrary<infer Set> ? Set : never)[number][]) => ({
    policies: set.map(({ isRate, conditions, groupBy, workspaceId }, index) => ({
      limit: (isRate ? rate : budget)(`p${index}`, { level: 'policy', workspaceId }),
      conditions,
      groupBy,
    })),
  })

  /** The key settles who asks, so calls of one key come from one place. */
  const settled = (calls: readonly LimitedCall[]) =>
    calls.map((each) => ({ ...each, workspaceId: each.keyId, userId: each.keyId === 'c' ? undefined : each.keyId }))
  const ask = (book: ReturnType<typeof rulebook>, each: LimitedCall) =>
    [...book.purses(each), ...book.lanes(each, each), ...book.targetLanes(each)].map(({ bucket }) => bucket)

  test('an answer does not depend on what was asked before', () => {
    fc.assert(
      fc.property(rules, fc.array(call, { maxLength: 20 }), (set, calls) => {
        const book = rulebook(toRules(set))
        for (const each of settled(calls)) {
          const fresh = { ...each, providerSlug: each.providerId }
          expect(ask(book, fresh)).toEqual(ask(rulebook(toRules(set)), fresh))
        }
      }),
    )
  })

  test('every bucket begins with the id of its limit, and every limit has one bucket at most', () => {
    fc.assert(
      fc.property(rules, call, (set, each) => {
        const book = rulebook(toRules(set))
        const ids = ask(book, each).map((bucket) => bucket.split('|')[0]!)
        expect(new Set(ids).size).toBe(ids.length)
        for (const id of ids) expect(book.find(id)).toMatchObject({ id })
      }),
    )
  })
})

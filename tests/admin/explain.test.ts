import { expect, it } from 'vitest'
import type { CircuitStatus } from '../../src/admin/parts.ts'
import type { Explanation } from '../../src/contract/explain.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'

async function explain(plane: ControlPlane, query: string, key?: string): Promise<Explanation> {
  const answer = await plane.call('GET', `/explain${query}`, undefined, key)
  expect(answer.status, answer.text).toBe(200)
  return answer.body as unknown as Explanation
}

/** A workspace with two accounts, one of which has Opus only, and a config that goes from the one to the other. */
async function furnish(plane: ControlPlane): Promise<{ config: string }> {
  for (const slug of ['first', 'second']) {
    await plane.call('POST', '/integrations', {
      name: slug,
      slug,
      ai_provider_id: 'anthropic',
      key: 'sk-ant-of-tests-1',
    })
  }
  const models = { models: [{ slug: 'claude-opus-5-5' }], allow_all_models: false }
  await plane.call('PUT', '/integrations/first/models', models)
  const document = { strategy: { mode: 'fallback' }, targets: [{ provider: '@first' }, { provider: '@second' }] }
  const { body } = await plane.call('POST', '/configs', {
    name: 'steady',
    config: document,
    workspace_id: plane.workspace.id,
  })
  return { config: String(body['slug']) }
}

it('says which config is followed and why, and which target would serve', async () => {
  const plane = await startControlPlane()
  const { config } = await furnish(plane)
  const { id } = await plane.newKey(['completions.write'], { defaults: { config_id: config } })
  const answer = await explain(plane, `?key=${id}&model=claude-sonnet-5`)
  expect(answer).toMatchObject({
    key: { id, state: 'active', workspace: plane.workspace.slug },
    verdict: { served: true, message: '@second serves claude-sonnet-5.' },
    config: { slug: config, why: 'The key names it.' },
    targets: [
      { path: 'config.targets[0]', provider: null, refusal: { code: 'model.not_allowed' } },
      { path: 'config.targets[1]', provider: '@second', model: 'claude-sonnet-5', refusal: null },
    ],
  })
})

it('says where a config comes from that the key does not name', async () => {
  const plane = await startControlPlane()
  const { config } = await furnish(plane)
  const { id } = await plane.newKey(['completions.write'])
  const why = async () => (await explain(plane, `?key=${id}&model=claude-sonnet-5`)).config.why
  expect(await why()).toBe('Neither the key nor its workspace has a config.')
  await plane.call('PUT', `/configs/${config}`, { is_default: true })
  expect(await why()).toBe('It is the default config of the workspace.')
  await plane.call('PUT', `/admin/workspaces/${plane.workspace.id}`, { defaults: { config_id: config } })
  expect(await why()).toBe('The workspace names it.')
  const named = await explain(plane, `?key=${id}&model=claude-opus-5-5&provider=@first`)
  expect(named.config).toEqual({ slug: null, why: 'The request names a provider, so it follows no config.' })
})

it('lists every budget and rate limit, the one that would bite first on top', async () => {
  const plane = await startControlPlane()
  await furnish(plane)
  const { id } = await plane.newKey(['completions.write'], {
    defaults: { provider: '@second' },
    usage_limits: { credit_limit: 10, periodic_reset: 'weekly' },
    rate_limits: [{ type: 'requests', unit: 'rpm', value: 5 }],
  })
  await plane.call('PUT', '/organisation', {
    usage_limits: { credit_limit: 1000, periodic_reset: 'monthly' },
    rate_limits: [{ type: 'requests', unit: 'rpm', value: 900 }],
  })
  const before = await explain(plane, `?key=${id}&model=claude-sonnet-5`)
  expect(before.budgets.map(({ level, remaining }) => [level, remaining])).toEqual([
    ['key', 10],
    ['organisation', 1000],
  ])
  expect(before.rate_limits.map(({ level, value }) => [level, value])).toEqual([
    ['key', 5],
    ['organisation', 900],
  ])
  spend(plane, id, 10_000_000_000n)
  const after = await explain(plane, `?key=${id}&model=claude-sonnet-5`)
  expect(after.budgets[0]).toMatchObject({ level: 'key', current_usage: 10, remaining: 0, status: 'exhausted' })
  expect(after.verdict).toMatchObject({
    served: false,
    message: expect.stringMatching(/^The budget of .* is spent\. It begins anew at 2\d{3}-/),
  })
})

it('says of a target that its circuit is open, by the name that the provider has for the model', async () => {
  const circuits: CircuitStatus[] = []
  const plane = await startControlPlane({ circuits })
  await plane.call('POST', '/integrations', {
    name: 'aws',
    slug: 'aws',
    ai_provider_id: 'bedrock',
    configurations: { aws_auth_type: 'apiKey', aws_region: 'eu-central-1' },
    key: 'bedrock-api-key-of-tests',
  })
  const { id } = await plane.newKey(['completions.write'], { defaults: { provider: '@aws' } })
  const ask = async () => (await explain(plane, `?key=${id}&model=claude-sonnet-5`)).targets[0]!
  const before = await ask()
  expect(before).toMatchObject({ provider: '@aws', circuit: null })
  expect(before.wire_model).not.toBe(before.model)
  const provider = await plane.call('GET', `/providers/aws?workspace_id=${plane.workspace.id}`)
  const moments = { openedAt: plane.clock.now(), retryAt: plane.clock.now() + 30_000 }
  const providerId = String(provider.body['id'])
  circuits.push({ providerId, model: before.wire_model!, state: 'open', failures: 5, requests: 5, ...moments })
  expect(await ask()).toMatchObject({ circuit: 'open' })
})

it('names the person whose budget it is, because somebody else may be asking', async () => {
  const plane = await startControlPlane()
  await furnish(plane)
  const [user] = (await plane.call('GET', '/admin/users')).body.data
  const more = { user_id: user!['id'], defaults: { provider: '@second' } }
  const made = await plane.call('POST', '/api-keys/workspace/user', {
    name: 'mine',
    workspace_id: plane.workspace.id,
    scopes: ['completions.write'],
    ...more,
  })
  const limits = { usage_limits: { credit_limit: 0 }, rate_limits: [{ type: 'requests', unit: 'rpm', value: 5 }] }
  await plane.call('PUT', `/admin/users/${String(user!['id'])}`, limits)
  const answer = await explain(plane, `?key=${String(made.body['id'])}&model=claude-sonnet-5`)
  const whose = `user ${String(user!['email'])}`
  expect(answer).toMatchObject({ budgets: [{ of: whose }], rate_limits: [{ of: whose }] })
  expect(answer.verdict.message.toLowerCase()).toContain(whose)
})

/** As if calls of this key had cost so much. */
function spend(plane: ControlPlane, keyId: string, costNanos: bigint): void {
  const rulebook = plane.directory.rulebook()
  const purses = rulebook.purses({
    organisationId: plane.workspace.organisationId,
    workspaceId: plane.workspace.id,
    userId: undefined,
    keyId,
    endpoint: 'messages',
    metadata: {},
    providerId: 'any',
    providerSlug: 'any',
    integrationId: 'any',
    model: 'any',
    configId: undefined,
  })
  const used = { costNanos, tokens: 0, requests: 1 }
  const hold = plane.budgets.hold(purses, { bound: used, expected: used, at: plane.clock.now() })
  if (hold.kind === 'hold') hold.settle(used)
}

it('a developer asks about their own key, and about no other', async () => {
  const plane = await startControlPlane()
  await furnish(plane)
  const mine = await plane.newKey(['completions.write'], { defaults: { provider: '@second' } })
  const other = await plane.newKey(['completions.write'])
  expect(await explain(plane, '?model=claude-sonnet-5', mine.key)).toMatchObject({
    key: { id: mine.id },
    verdict: { served: true },
  })
  expect(await explain(plane, `?key=${mine.id}`, mine.key)).toMatchObject({ key: { id: mine.id } })
  expect(await plane.call('GET', `/explain?key=${other.id}`, undefined, mine.key)).toMatchObject({ status: 404 })
})

it.each([
  ['has no provider', { workspace_id: 'ws-other' }, '', /^No provider named/],
  ['may call no models', { scopes: ['logs.view'] }, '', /lacks the scope completions.write/],
  ['names a provider that is not there', {}, '&provider=@nothing', /^Unknown provider @nothing/],
])('a key that %s is told why it is not served', async (_what, more, query, message) => {
  const plane = await startControlPlane()
  await furnish(plane)
  const { id } = await plane.newKey(['completions.write'], more)
  const { verdict } = await explain(plane, `?key=${id}&model=claude-sonnet-5${query}`)
  expect(verdict).toEqual({ served: false, message: expect.stringMatching(message) })
})

it('an administrator has to say which key is meant', async () => {
  const plane = await startControlPlane()
  expect(await plane.call('GET', '/explain')).toMatchObject({ status: 400 })
  expect(await plane.call('GET', '/explain?key=nobody')).toMatchObject({ status: 404 })
})

it('says that a budget of nothing is a no, and not that it was spent', async () => {
  const plane = await startControlPlane()
  await furnish(plane)
  const { id } = await plane.newKey(['completions.write'], { defaults: { provider: '@second' } })
  await plane.call('POST', '/policies/usage-limits', {
    name: 'no Opus',
    conditions: [{ key: 'model', value: 'claude-opus-*' }],
    type: 'cost',
    credit_limit: 0,
  })
  const { verdict } = await explain(plane, `?key=${id}&model=claude-opus-5-5`)
  expect(verdict).toEqual({
    served: false,
    message: 'Policy “no Opus” has a budget of nothing, so this is not allowed.',
  })
})

it('a small budget that is fresh bites before a large one that is half spent, and a soft one comes last', async () => {
  const plane = await startControlPlane()
  await furnish(plane)
  const { id } = await plane.newKey(['completions.write'], {
    defaults: { provider: '@second' },
    usage_limits: { credit_limit: 1000, periodic_reset: 'weekly' },
  })
  spend(plane, id, 500_000_000_000n)
  const policy = { group_by: ['workspace_id'], type: 'cost', credit_limit: 1 }
  await plane.call('POST', '/policies/usage-limits', { ...policy, name: 'small' })
  await plane.call('POST', '/policies/usage-limits', {
    ...policy,
    name: 'soft',
    credit_limit: 0.5,
    enforcement: 'soft',
  })
  await plane.call('POST', '/policies/usage-limits', { ...policy, name: 'five', type: 'requests', credit_limit: 5 })
  const { budgets } = await explain(plane, `?key=${id}&model=claude-sonnet-5`)
  expect(budgets.map(({ of }) => of)).toEqual([
    'policy “five”',
    'policy “small”',
    expect.stringContaining('key'),
    'policy “soft”',
  ])
})

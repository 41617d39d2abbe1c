import { describe, expect, it } from 'vitest'
import type { LimitedCall } from '../../src/limits/limit.ts'
import { ALL_WORKSPACE_SCOPES, startControlPlane, type ControlPlane } from './harness.ts'

const DOLLAR = 1_000_000_000n

const OPUS = 'claude-opus-4-1-20250805'
const HAIKU = 'claude-haiku-4-5'

function callOf({ workspace, directory }: ControlPlane, over: Partial<LimitedCall>): LimitedCall {
  const [provider] = directory.providers(workspace.id)
  return {
    organisationId: workspace.organisationId,
    workspaceId: workspace.id,
    userId: undefined,
    keyId: `key of ${over.userId ?? 'a service'} in ${over.workspaceId ?? workspace.id}`,
    endpoint: 'messages',
    metadata: {},
    providerId: provider!.providerId,
    providerSlug: provider!.slug,
    integrationId: provider!.integrationId,
    model: OPUS,
    configId: undefined,
    ...over,
  }
}

/** Spends so many dollars, or says which policy refused. */
function spend(plane: ControlPlane, dollars: bigint, over: Partial<LimitedCall> = {}): string {
  const purses = plane.directory.rulebook().purses(callOf(plane, over))
  const used = { costNanos: dollars * DOLLAR, tokens: 100, requests: 1 }
  const hold = plane.budgets.hold(purses, { bound: used, expected: used, at: plane.clock.now() })
  if (hold.kind === 'hold') hold.settle(used)
  return hold.kind === 'hold' ? 'served' : `refused by ${hold.purse.budget.of}`
}

const EACH = {
  name: 'Each',
  group_by: [{ key: 'user' }],
  type: 'cost',
  credit_limit: 50,
  periodic_reset: 'weekly',
}

async function make(plane: ControlPlane, body: object, kind = 'usage-limits'): Promise<string> {
  const made = await plane.call('POST', `/policies/${kind}`, body)
  expect(made.text).toContain('"id"')
  return String(made.body['id'])
}

describe('a budget with conditions', () => {
  it('reads as it was written, with what we add', async () => {
    const plane = await startControlPlane()
    const id = await make(plane, { ...EACH, conditions: [{ key: 'model', value: 'claude-opus-*' }] })
    expect((await plane.call('GET', `/policies/usage-limits/${id}`)).body).toMatchObject({
      ...EACH,
      id,
      description: null,
      conditions: [{ key: 'model', value: 'claude-opus-*', excludes: false }],
      alert_threshold: null,
      enforcement: 'hard',
      mode: 'strict',
      workspace_id: null,
      target: 'llm',
      status: 'active',
      object: 'usage_limits_policy',
    })
    expect((await plane.call('GET', '/policies/usage-limits')).body).toMatchObject({ total: 1, data: [{ id }] })
    expect((await plane.call('GET', '/policies/rate-limits')).body).toMatchObject({ total: 0, data: [] })
    expect((await plane.call('GET', '/policies/usage-limits?type=tokens')).body).toMatchObject({ total: 0 })
    expect((await plane.call('GET', '/policies/usage-limits?name=EAC')).body).toMatchObject({ total: 1 })
    expect((await plane.call('GET', '/policies/usage-limits?status=archived')).body).toMatchObject({ total: 0 })
    expect((await plane.call('GET', `/policies/usage-limits/${id}?status=archived`)).status).toBe(404)
  })

  it('gives each combination of values an amount of its own', async () => {
    const plane = await startControlPlane()
    await make(plane, EACH)
    expect(spend(plane, 50n, { userId: 'ada' })).toBe('served')
    expect(spend(plane, 1n, { userId: 'ada' })).toBe('refused by policy “Each”')
    expect(spend(plane, 1n, { userId: 'grace' })).toBe('served')
  })

  it('shows what each has used, on request, and page by page', async () => {
    const plane = await startControlPlane()
    const id = await make(plane, EACH)
    spend(plane, 20n, { userId: 'ada' })
    spend(plane, 50n, { userId: 'grace' })
    spend(plane, 5n)
    const path = `/policies/usage-limits/${id}`
    const usage = (await plane.call('GET', `${path}?include_usage=true`)).body['value_key_usage_map']
    expect(usage).toMatchObject({
      '["grace"]': { current_usage: 50, remaining: 0, status: 'exhausted' },
      '["ada"]': { current_usage: 20, remaining: 30, status: 'active' },
      '[null]': { current_usage: 5, status: 'active' },
    })
    expect((await plane.call('GET', path)).body).not.toHaveProperty('value_key_usage_map')
    expect((await plane.call('GET', `${path}/entities`)).body).toMatchObject({
      total: 3,
      data: [{ values: { user: 'grace' } }, { values: { user: 'ada' } }, { values: { user: null } }],
    })
    expect((await plane.call('GET', `${path}/entities?status=exhausted`)).body).toMatchObject({
      total: 1,
      data: [{ value_key: '["grace"]' }],
    })
    expect((await plane.call('GET', `${path}/entities?search=AD&page_size=1`)).body).toMatchObject({
      total: 1,
      data: [{ value_key: '["ada"]' }],
    })
  })

  it('begins anew for one combination of values, and goes on for the others', async () => {
    const plane = await startControlPlane()
    const id = await make(plane, EACH)
    const path = `/policies/usage-limits/${id}`
    for (const userId of ['ada', 'grace', 'kay']) spend(plane, 50n, { userId })
    const entities = (await plane.call('GET', `${path}/entities?search=ada`)).body.data
    expect((await plane.call('PUT', `${path}/entities/${entities[0]!['id']}/reset`)).status).toBe(200)
    expect(spend(plane, 50n, { userId: 'ada' })).toBe('served')
    expect(spend(plane, 1n, { userId: 'grace' })).toBe('refused by policy “Each”')
    expect((await plane.call('PUT', path, { reset_usage_for_value: '["grace"]' })).status).toBe(200)
    expect(spend(plane, 50n, { userId: 'grace' })).toBe('served')
    expect(spend(plane, 1n, { userId: 'kay' })).toBe('refused by policy “Each”')
    await plane.call('PUT', path, { reset_usage: true })
    expect(spend(plane, 50n, { userId: 'kay' })).toBe('served')
  })

  it.each([
    'all',
    'nonsense',
    Buffer.from('["a","b"]').toString('base64url'),
    Buffer.from('[1]').toString('base64url'),
  ])('has no entity %s', async (entity) => {
    const plane = await startControlPlane()
    const id = await make(plane, EACH)
    expect((await plane.call('PUT', `/policies/usage-limits/${id}/entities/${entity}/reset`)).status).toBe(404)
  })

  it('without groups has one entity, called all', async () => {
    const plane = await startControlPlane()
    const id = await make(plane, { ...EACH, group_by: [] })
    spend(plane, 50n)
    const path = `/policies/usage-limits/${id}`
    expect((await plane.call('GET', `${path}/entities`)).body).toMatchObject({
      data: [{ id: 'all', value_key: 'all' }],
    })
    await plane.call('PUT', `${path}/entities/all/reset`)
    expect(spend(plane, 50n)).toBe('served')
  })

  it('opens at once when it is raised, and keeps what was counted', async () => {
    const plane = await startControlPlane()
    const id = await make(plane, EACH)
    const path = `/policies/usage-limits/${id}`
    spend(plane, 50n, { userId: 'ada' })
    await plane.call('PUT', path, { credit_limit: 60, alert_threshold: 55 })
    expect(spend(plane, 11n, { userId: 'ada' })).toBe('refused by policy “Each”')
    expect(spend(plane, 10n, { userId: 'ada' })).toBe('served')
    expect((await plane.call('GET', path)).body).toMatchObject({ credit_limit: 60, alert_threshold: 55 })
    await plane.call('PUT', path, { alert_threshold: null, periodic_reset_days: 3, name: 'Three days' })
    expect((await plane.call('GET', path)).body).toMatchObject({
      name: 'Three days',
      credit_limit: 60,
      alert_threshold: null,
      periodic_reset: null,
      periodic_reset_days: 3,
    })
  })

  it('is not changed so that its parts contradict each other', async () => {
    const plane = await startControlPlane()
    const id = await make(plane, { ...EACH, alert_threshold: 40 })
    const refused = await plane.call('PUT', `/policies/usage-limits/${id}`, { credit_limit: 40 })
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('alert_thresholds.0: has to be below credit_limit')
    const conditions = await plane.call('PUT', `/policies/usage-limits/${id}`, { conditions: [] })
    expect(conditions).toMatchObject({ status: 400, body: { data: { errorCode: 'AB01' } } })
    expect(conditions.text).toContain('conditions: cannot be changed')
  })

  it('is gone with its counts when it is deleted', async () => {
    const plane = await startControlPlane()
    const id = await make(plane, EACH)
    spend(plane, 50n, { userId: 'ada' })
    await plane.call('PUT', `/policies/usage-limits/${id}`, { reset_usage_for_value: '["grace"]' })
    expect((await plane.call('DELETE', `/policies/usage-limits/${id}`)).status).toBe(200)
    expect(spend(plane, 50n, { userId: 'ada' })).toBe('served')
    expect((await plane.call('GET', `/policies/usage-limits/${id}`)).status).toBe(404)
    for (const table of ['limits', 'policies', 'bucket_resets'] as const) {
      expect(await plane.store.db.selectFrom(table).selectAll().execute(), table).toEqual([])
    }
  })
})

it('fifty a week each, four hundred a month for the team, Opus for the platform only', async () => {
  const plane = await startControlPlane()
  const { workspace, otherWorkspace } = plane
  await make(plane, EACH)
  await make(plane, { name: 'Team', workspace_id: workspace.slug, credit_limit: 400, periodic_reset: 'monthly' })
  await make(plane, {
    name: 'Opus for the platform only',
    conditions: [
      { key: 'model', value: 'claude-opus-*' },
      { key: 'workspace_id', value: otherWorkspace.slug, excludes: true },
    ],
    credit_limit: 0,
  })
  const opus = { model: OPUS, userId: 'ada' }
  const haiku = { model: HAIKU, userId: 'ada' }
  expect(spend(plane, 1n, opus)).toBe('refused by policy “Opus for the platform only”')
  expect(spend(plane, 1n, { ...opus, model: 'us.anthropic.claude-opus-5-v1:0' })).toContain('refused')
  expect(spend(plane, 1n, { ...opus, model: 'CLAUDE-OPUS-5[1m]' })).toContain('refused')
  expect(spend(plane, 1n, { ...opus, workspaceId: otherWorkspace.id })).toBe('served')
  expect(spend(plane, 49n, haiku)).toBe('served')
  expect(spend(plane, 1n, haiku)).toBe('refused by policy “Each”')
  for (let person = 0; person < 7; person++)
    expect(spend(plane, 50n, { ...haiku, userId: `p${person}` })).toBe('served')
  expect(spend(plane, 2n, { ...haiku, userId: 'last' })).toBe('refused by policy “Team”')
  expect(spend(plane, 2n, { ...haiku, userId: 'last', workspaceId: otherWorkspace.id })).toBe('served')
})

describe('a rate limit with conditions', () => {
  const BURST = { name: 'Burst', group_by: [{ key: 'api_key' }], type: 'requests', unit: 'rpm', value: 30 }

  it('is made, changed and deleted', async () => {
    const plane = await startControlPlane()
    const id = await make(plane, BURST, 'rate-limits')
    const path = `/policies/rate-limits/${id}`
    expect((await plane.call('GET', path)).body).toMatchObject({ ...BURST, id, object: 'rate_limits_policy' })
    const call = callOf(plane, {})
    expect(plane.directory.rulebook().lanes(call, call)).toMatchObject([
      { rate: { value: 30, windowMs: 60_000 }, bucket: `${id}|["${call.keyId}"]` },
    ])
    await plane.call('PUT', path, { unit: 'rph', value: 90 })
    expect(plane.directory.rulebook().lanes(call, call)).toMatchObject([{ rate: { value: 90, windowMs: 3_600_000 } }])
    await plane.call('DELETE', path)
    expect(plane.directory.rulebook().lanes(call, call)).toEqual([])
  })

  it('of requests at the same time has no unit, and is changed within the bounds that it was made with', async () => {
    const plane = await startControlPlane()
    const path = `/policies/rate-limits/${await make(plane, { name: 'Few', type: 'concurrency', value: 4 }, 'rate-limits')}`
    expect(await plane.call('PUT', path, { unit: 'rpm' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('have no unit'),
    })
    const many = await plane.call('PUT', path, { value: 1_000_000 })
    expect(many).toMatchObject({ status: 400, text: expect.stringContaining('value: may be 100000 at most') })
    expect((await plane.call('PUT', path, { value: 8 })).status).toBe(200)
    expect((await plane.call('GET', path)).body).toMatchObject({ type: 'concurrency', unit: null, value: 8 })
  })

  it('has no entities, and is no budget', async () => {
    const plane = await startControlPlane()
    const id = await make(plane, BURST, 'rate-limits')
    expect((await plane.call('GET', `/policies/usage-limits/${id}`)).status).toBe(404)
    expect((await plane.call('DELETE', `/policies/usage-limits/${id}`)).status).toBe(404)
  })
})

describe('conditions', () => {
  it('keep ids in the place of slugs and addresses', async () => {
    const plane = await startControlPlane()
    const { call, workspace } = plane
    const { id: key } = await plane.newKey(['completions.write'])
    const user = (await call('GET', '/admin/users')).body.data[0]!['id']
    const id = await make(plane, {
      credit_limit: 1,
      conditions: [
        { key: 'workspace_id', value: [workspace.slug] },
        { key: 'user', value: 'ADMIN@localhost' },
        { key: 'api_key', value: key },
        { key: 'virtual_key', value: '@sandbox' },
        { key: 'provider', value: ['bedrock', '@sandbox'] },
      ],
    })
    expect((await call('GET', `/policies/usage-limits/${id}`)).body['conditions']).toEqual([
      { key: 'workspace_id', value: [workspace.id], excludes: false },
      { key: 'user', value: user, excludes: false },
      { key: 'api_key', value: key, excludes: false },
      { key: 'virtual_key', value: 'sandbox', excludes: false },
      { key: 'provider', value: ['bedrock', 'sandbox'], excludes: false },
    ])
  })

  it('that mean nothing are refused, all at once', async () => {
    const { call } = await startControlPlane()
    const refused = await call('POST', '/policies/usage-limits', {
      credit_limit: 1,
      conditions: ['api_key', 'user', 'workspace_id', 'organisation_id', 'virtual_key', 'provider', 'config']
        .map((key) => ({ key, value: 'nobody' }))
        .concat({ key: 'model', value: '@nobody/claude-opus-5' }),
    })
    expect(refused).toMatchObject({ status: 400, body: { data: { errorCode: 'AB01' } } })
    expect(String(refused.body.data['message']).split('\n')).toHaveLength(8)
    expect(refused.text).toContain('conditions.5.value: there is no provider')
  })

  it('protect what they name: a provider that a policy means is not deleted under it', async () => {
    const plane = await startControlPlane()
    const { call, workspace } = plane
    const id = await make(plane, {
      name: 'Sandbox only',
      workspace_id: workspace.id,
      credit_limit: 1,
      conditions: [{ key: 'model', value: '@sandbox/*' }],
    })
    const path = `/providers/sandbox?workspace_id=${workspace.id}`
    const refused = await call('DELETE', path)
    expect(refused).toMatchObject({ status: 409, body: { data: { errorCode: 'AB07' } } })
    expect(refused.text).toContain('the policy “Sandbox only”')
    await call('DELETE', `/policies/usage-limits/${id}`)
    expect((await call('DELETE', path)).status).toBe(200)
  })

  it('protect a config that a policy means', async () => {
    const plane = await startControlPlane()
    const { call, workspace } = plane
    const document = { config: { provider: '@sandbox' }, workspace_id: workspace.id, name: 'Main' }
    const { slug } = (await call('POST', '/configs', document)).body as unknown as { slug: string }
    const conditions = [{ key: 'config', value: slug }]
    await make(plane, { name: 'Main only', type: 'requests', unit: 'rpm', value: 1, conditions }, 'rate-limits')
    const refused = await call('DELETE', `/configs/${slug}`)
    expect(refused).toMatchObject({ status: 409, body: { data: { errorCode: 'AB07' } } })
    expect(refused.text).toContain('the policy “Main only”')
  })
})

describe('tenants', () => {
  it('a workspace makes policies for itself only, whatever it writes', async () => {
    const plane = await startControlPlane()
    const { call, newKey, workspace, otherWorkspace } = plane
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const made = await call('POST', '/policies/usage-limits', EACH, key)
    const path = `/policies/usage-limits/${made.body['id']}`
    expect((await call('GET', path)).body).toMatchObject({ workspace_id: workspace.id })
    expect(
      (await call('POST', '/policies/usage-limits', { ...EACH, workspace_id: otherWorkspace.slug }, key)).status,
    ).toBe(404)
    expect((await call('PUT', path, { workspace_id: null }, key)).status).toBe(400)
    spend(plane, 50n, { userId: 'ada' })
    expect(spend(plane, 1n, { userId: 'ada', workspaceId: otherWorkspace.id })).toBe('served')
  })

  it('policies of others, and of the organisation, do not exist for it: not to read, not to change, not to reset', async () => {
    const plane = await startControlPlane()
    const { call, newKey, otherWorkspace } = plane
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const ids = [await make(plane, EACH), await make(plane, { ...EACH, workspace_id: otherWorkspace.id })]
    for (const id of ids) {
      const path = `/policies/usage-limits/${id}`
      const entity = `${path}/entities/${Buffer.from('["ada"]').toString('base64url')}/reset`
      for (const [method, where, body] of [
        ['GET', path],
        ['PUT', path, { credit_limit: 1_000_000 }],
        ['PUT', path, { reset_usage: true }],
        ['DELETE', path],
        ['GET', `${path}/entities`],
        ['PUT', entity],
      ] as const) {
        expect((await call(method, where, body, key)).status, `${method} ${where}`).toBe(404)
      }
    }
    expect((await call('GET', '/policies/usage-limits', undefined, key)).body).toMatchObject({ total: 0, data: [] })
    expect((await call('GET', `/policies/usage-limits?workspace_id=${otherWorkspace.id}`, undefined, key)).status).toBe(
      404,
    )
    expect((await call('GET', '/policies/usage-limits')).body).toMatchObject({ total: 2 })
  })

  it('nobody learns by a condition who or what there is elsewhere', async () => {
    const { call, newKey, workspace, otherWorkspace } = await startControlPlane()
    const { key } = await newKey(ALL_WORKSPACE_SCOPES, { workspace_id: otherWorkspace.id })
    const { id: theirs } = await newKey(['completions.write'])
    const elsewhere = [
      { key: 'api_key', value: theirs },
      { key: 'workspace_id', value: workspace.id },
      { key: 'user', value: 'admin@localhost' },
    ]
    for (const condition of elsewhere) {
      const body = { credit_limit: 1, conditions: [condition] }
      const there = await call('POST', '/policies/usage-limits', body, key)
      const nowhere = await call(
        'POST',
        '/policies/usage-limits',
        { ...body, conditions: [{ ...condition, value: 'nobody' }] },
        key,
      )
      expect(there.status).toBe(400)
      expect(there.text.replace(condition.value, 'nobody')).toBe(nowhere.text)
    }
  })

  it('somebody without the scopes may not look', async () => {
    const { call, newKey } = await startControlPlane()
    const { key } = await newKey(['completions.write', 'providers.list'])
    expect((await call('GET', '/policies/usage-limits', undefined, key)).status).toBe(403)
    expect((await call('POST', '/policies/usage-limits', EACH, key)).status).toBe(403)
  })
})

it('values that differ by case, width or composition are one value', async () => {
  const plane = await startControlPlane()
  await make(plane, { ...EACH, group_by: ['metadata.team'] })
  expect(spend(plane, 50n, { metadata: { team: 'Café' } })).toBe('served')
  for (const team of ['CAFÉ', 'cafe\u0301', 'ｃafé']) {
    expect(spend(plane, 1n, { metadata: { team } })).toBe('refused by policy “Each”')
  }
  expect(spend(plane, 1n, { metadata: { team: 'cafe' } })).toBe('served')
})

import { describe, expect, it } from 'vitest'
import { listPrices } from '../../src/core/prices/list-prices.ts'
import { ALL_WORKSPACE_SCOPES, startControlPlane } from './harness.ts'

describe('workspaces', () => {
  it('are listed, by name too, and read by id or slug with their members', async () => {
    const { call, workspace } = await startControlPlane()
    expect((await call('GET', '/admin/workspaces')).body).toMatchObject({ object: 'list', total: 2 })
    expect((await call('GET', '/admin/workspaces?name=OTH')).body).toMatchObject({
      total: 1,
      data: [{ slug: 'ws-other' }],
    })
    expect((await call('GET', '/admin/workspaces?exact_name=Oth')).body).toMatchObject({ total: 0 })
    for (const reference of [workspace.id, workspace.slug]) {
      expect(await call('GET', `/admin/workspaces/${reference}`)).toMatchObject({
        status: 200,
        body: {
          id: workspace.id,
          is_default: 1,
          object: 'workspace',
          users: [{ email: 'admin@localhost', role: 'admin', org_role: 'owner' }],
        },
      })
    }
  })

  it('defaults change for the next request; what is left out stays, null clears', async () => {
    const { call, newKey, directory, workspace } = await startControlPlane()
    const { key } = await newKey(['completions.write'])
    const path = `/admin/workspaces/${workspace.id}`
    await call('PUT', path, { defaults: { metadata: { team: 'core' } }, description: 'All of us' })
    expect(directory.find(key)).toMatchObject({ caller: { defaultProvider: '@sandbox', metadata: { team: 'core' } } })
    await call('PUT', path, { defaults: { metadata: null }, name: 'Everybody' })
    expect((await call('GET', path)).body).toMatchObject({
      name: 'Everybody',
      description: 'All of us',
      defaults: { provider: '@sandbox', metadata: {} },
    })
    await call('PUT', path, { defaults: { provider: null } })
    expect((await call('GET', path)).body).toMatchObject({ defaults: { provider: null } })
  })

  it.each([
    [{ defaults: { provider: '@nowhere' } }, 'has no provider'],
    [{ usage_limits: [{}] }, 'usage_limits.0.credit_limit: has to be a number'],
    [{ defaults: { input_guardrails: [] } }, 'does not have guardrails yet'],
    [{ nam: 'x' }, 'did you mean name?'],
  ])('are not changed by %o', async (body, reason) => {
    const { call, workspace } = await startControlPlane()
    const refused = await call('PUT', `/admin/workspaces/${workspace.id}`, body)
    expect(refused.status).toBe(400)
    expect(String(refused.body.data['message'])).toContain(reason)
  })

  it("a workspace's key sees its own", async () => {
    const { call, newKey, workspace } = await startControlPlane()
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    expect((await call('GET', '/admin/workspaces', undefined, key)).body.data.map(({ id }) => id)).toEqual([
      workspace.id,
    ])
    expect((await call('GET', `/admin/workspaces/${workspace.slug}`, undefined, key)).status).toBe(200)
    expect((await call('GET', '/admin/workspaces/ws-other', undefined, key)).status).toBe(404)
    expect((await call('PUT', `/admin/workspaces/${workspace.slug}`, { name: 'x' }, key)).status).toBe(403)
  })
})

describe('users', () => {
  it('are listed in either spelling of paging, and read', async () => {
    const { call, workspace } = await startControlPlane()
    for (const query of [
      '',
      '?pageSize=5&currentPage=0',
      '?page_size=5&current_page=0',
      '?role=owner',
      '?email=admin@localhost',
    ]) {
      const { body } = await call('GET', `/admin/users${query}`)
      expect(body, query).toMatchObject({
        total: 1,
        data: [{ role: 'owner', workspace_ids: [workspace.id], object: 'user' }],
      })
    }
    expect((await call('GET', '/admin/users?pageSize=5&currentPage=1')).body).toMatchObject({ total: 1, data: [] })
    expect((await call('GET', '/admin/users?role=member')).body).toMatchObject({ total: 0 })
    const { body } = await call('GET', '/admin/users')
    expect((await call('GET', `/admin/users/${String(body.data[0]?.['id'])}`)).body).toMatchObject({
      email: 'admin@localhost',
    })
  })
})

describe('prices', () => {
  const table = listPrices.json

  it('a new version prices calls from its day on', async () => {
    const { call, directory, clock } = await startControlPlane()
    const added = await call('POST', '/prices', {
      id: 'contract-2027',
      valid_from: '2026-11-24T00:00:00Z',
      table,
      source: 'our contract',
    })
    expect(added).toMatchObject({ status: 200, body: { id: 'contract-2027', object: 'price-version' } })
    expect((await call('GET', '/prices')).body.data.map((item) => [item['id'], item['status']])).toEqual([
      ['contract-2027', 'scheduled'],
      [listPrices.id, 'current'],
    ])
    clock.advance(24 * 3_600_000)
    expect((await call('GET', '/prices')).body.data.map((item) => item['status'])).toEqual(['current', 'superseded'])
    const tokens = {
      input: 1,
      output: 0,
      cacheRead: 0,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      thinking: 0,
      webSearches: 0,
      webFetches: 0,
      codeExecutions: 0,
    }
    const usage = { tokens, steps: [], speed: 'standard', geography: undefined, serviceTier: undefined }
    const call1 = { providerKind: 'anthropic', scope: 'reported', model: 'claude-haiku-5-5', at: clock.now() }
    expect(directory.price(usage, call1)).toMatchObject({ priceVersion: 'contract-2027' })
  })

  it('a table that cannot price is refused and nothing is kept', async () => {
    const { call } = await startControlPlane()
    const refused = await call('POST', '/prices', {
      id: 'bad',
      valid_from: '2026-11-24T00:00:00Z',
      table: { format: 1, models: [] },
    })
    expect(refused).toMatchObject({ status: 400, body: { data: { message: expect.stringContaining('table: ') } } })
    expect((await call('GET', '/prices')).body).toMatchObject({ total: 1 })
  })

  it('a version is never edited', async () => {
    const { call } = await startControlPlane()
    expect(
      (await call('POST', '/prices', { id: listPrices.id, valid_from: '2026-11-24T00:00:00Z', table })).status,
    ).toBe(409)
  })
})

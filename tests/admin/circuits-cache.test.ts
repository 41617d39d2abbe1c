import { expect, it } from 'vitest'
import type { CircuitStatus } from '../../src/admin/parts.ts'
import { findCacheEntry, putCacheEntry } from '../../src/store/cache-entries.ts'
import { listProviders } from '../../src/store/providers.ts'
import { addIntegration, addProvider } from '../store/tenants.ts'
import { startControlPlane } from './harness.ts'

const CIRCUIT = {
  model: 'claude-sonnet-5-5',
  state: 'open',
  failures: 5,
  requests: 6,
  openedAt: Date.UTC(2026, 10, 23),
  retryAt: Date.UTC(2026, 10, 23, 0, 0, 30),
} as const

it('a circuit is shown to whoever may see its provider, and to nobody else', async () => {
  const circuits: CircuitStatus[] = []
  const { call, newKey, store, workspace, otherWorkspace } = await startControlPlane({ circuits })
  const integration = await addIntegration(store.db, workspace.organisationId)
  const mine = await addProvider(store.db, workspace, integration, { slug: 'mine' })
  const theirs = await addProvider(store.db, otherWorkspace, integration, { slug: 'theirs' })
  for (const providerId of [mine.id, theirs.id, 'a-provider-that-was-taken-away'])
    circuits.push({ ...CIRCUIT, providerId })

  const all = await call('GET', '/circuits')
  expect(all.body.data.map((circuit) => circuit['provider'])).toEqual(['@mine', '@theirs'])
  expect(all.body.data[0]).toMatchObject({
    state: 'open',
    failures: 5,
    workspace_slug: workspace.slug,
    opened_at: '2026-11-23T00:00:00.000Z',
    retry_at: '2026-11-23T00:00:30.000Z',
  })
  const { key } = await newKey(['providers.list'])
  expect((await call('GET', '/circuits', undefined, key)).body).toMatchObject({
    total: 1,
    data: [{ provider: '@mine' }],
  })
  const elsewhere = await call('GET', `/circuits?workspace_id=${otherWorkspace.slug}`, undefined, key)
  expect(elsewhere.status).toBe(404)
  expect((await listProviders(store.db, workspace.organisationId)).total).toBeGreaterThan(1)
})

it('forgetting takes the answers of one workspace, which has to be the caller’s own', async () => {
  const { call, newKey, store, clock, workspace, otherWorkspace } = await startControlPlane()
  const entry = { status: 200, headers: [], body: Buffer.from('Hi'), createdAt: 0, expiresAt: clock.now() + 60_000 }
  await putCacheEntry(store.db, { ...entry, id: 'mine', workspaceId: workspace.id })
  await putCacheEntry(store.db, { ...entry, id: 'theirs', workspaceId: otherWorkspace.id })
  const { key } = await newKey(['configs.update'])

  const refused = await call('DELETE', `/cache?workspace_id=${otherWorkspace.id}`, undefined, key)
  expect(refused.status).toBe(404)
  expect((await call('DELETE', '/cache')).status).toBe(400)
  expect((await call('DELETE', '/cache', undefined, key)).body).toEqual({ deleted: 1, object: 'cache' })
  expect(await findCacheEntry(store.db, workspace.id, 'mine', clock.now())).toBeUndefined()
  expect(await findCacheEntry(store.db, otherWorkspace.id, 'theirs', clock.now())).toBeDefined()
})

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type CacheEntry,
  deleteCacheEntriesOf,
  deleteExpiredCacheEntries,
  deleteOldestCacheEntries,
  findCacheEntry,
  listCacheShares,
  putCacheEntry,
} from '../../src/store/cache-entries.ts'
import type { Store } from '../../src/store/database.ts'
import type { Workspace } from '../../src/store/workspaces.ts'
import { type Place, backends } from './backends.ts'
import { addOrganisation, addWorkspace } from './tenants.ts'

for (const backend of backends) {
  describe(`cached answers on ${backend.name}`, () => {
    let place: Place
    let store: Store
    let workspace: Workspace
    let other: Workspace

    beforeEach(async () => {
      place = await backend.makePlace()
      store = await place.open()
      const organisationId = await addOrganisation(store.db)
      workspace = await addWorkspace(store.db, organisationId)
      other = await addWorkspace(store.db, organisationId)
    })

    afterEach(async () => {
      await store.close()
      await place.clear()
    })

    function entry(over: Partial<CacheEntry> = {}): CacheEntry {
      return {
        id: 'a1',
        workspaceId: workspace.id,
        status: 200,
        headers: ['content-type', 'application/json'],
        body: Buffer.from([0, 255, 128, 10, 195, 40]),
        createdAt: 1_000,
        expiresAt: 5_000,
        ...over,
      }
    }

    const find = (id: string, now = 2_000, of = workspace) => findCacheEntry(store.db, of.id, id, now)

    test('an answer comes back byte for byte', async () => {
      await putCacheEntry(store.db, entry())
      expect(await find('a1')).toEqual(entry())
    })

    test('an answer is not there for another workspace, nor once it has expired', async () => {
      await putCacheEntry(store.db, entry())
      expect(await find('a1', 2_000, other)).toBeUndefined()
      expect(await find('a1', 4_999)).toBeDefined()
      expect(await find('a1', 5_000)).toBeUndefined()
    })

    test('a later answer takes the place of the earlier one', async () => {
      await putCacheEntry(store.db, entry())
      const later = entry({ body: Buffer.from('later'), createdAt: 3_000, expiresAt: 9_000 })
      await putCacheEntry(store.db, later)
      expect(await find('a1')).toEqual(later)
    })

    test('an answer of a workspace that does not exist is refused', async () => {
      await expect(putCacheEntry(store.db, entry({ workspaceId: 'nobody' }))).rejects.toThrow()
    })

    test('clearing takes what has expired and nothing else', async () => {
      await putCacheEntry(store.db, entry({ id: 'old', expiresAt: 3_000 }))
      await putCacheEntry(store.db, entry({ id: 'new' }))
      await deleteExpiredCacheEntries(store.db, 3_000)
      expect([await find('old', 0), await find('new', 0)]).toEqual([undefined, entry({ id: 'new' })])
    })

    test('forgetting a workspace leaves the others alone and counts what it took', async () => {
      await putCacheEntry(store.db, entry({ id: 'a' }))
      await putCacheEntry(store.db, entry({ id: 'b' }))
      await putCacheEntry(store.db, entry({ id: 'c', workspaceId: other.id }))
      expect(await deleteCacheEntriesOf(store.db, workspace.id)).toBe(2)
      expect(await deleteCacheEntriesOf(store.db, workspace.id)).toBe(0)
      expect(await find('c', 2_000, other)).toBeDefined()
    })

    test('shares are told largest first, and the oldest of one go first', async () => {
      await putCacheEntry(store.db, entry({ id: 'small', workspaceId: other.id, body: Buffer.alloc(10) }))
      await putCacheEntry(store.db, entry({ id: 'second', createdAt: 2_000, body: Buffer.alloc(20) }))
      await putCacheEntry(store.db, entry({ id: 'first', createdAt: 1_000, body: Buffer.alloc(20) }))
      expect(await listCacheShares(store.db)).toEqual([
        { workspaceId: workspace.id, entries: 2, bytes: 40 },
        { workspaceId: other.id, entries: 1, bytes: 10 },
      ])
      await deleteOldestCacheEntries(store.db, workspace.id, 1)
      expect([await find('first'), (await find('second'))?.id]).toEqual([undefined, 'second'])
    })
  })
}

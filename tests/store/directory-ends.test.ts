import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createKeyMaker } from '../../src/credentials/api-key.ts'
import { createVault } from '../../src/credentials/vault.ts'
import type { Store } from '../../src/store/database.ts'
import { type Directory, createDirectory } from '../../src/store/directory.ts'
import { revokeKey, rotateKey } from '../../src/store/keys.ts'
import { updateUser } from '../../src/store/users.ts'
import type { Workspace } from '../../src/store/workspaces.ts'
import { type ManualClock, createManualClock } from '../../src/testing/clock.ts'
import { type Place, backends } from './backends.ts'
import { addIntegration, addKey, addOrganisation, addProvider, addUser, addWorkspace } from './tenants.ts'

const keys = createKeyMaker(Buffer.alloc(32, 1))
const OVERLAP = 3_600_000

for (const backend of backends) {
  describe(`what ends, in the directory on ${backend.name}`, () => {
    let place: Place
    let store: Store
    let clock: ManualClock
    let workspace: Workspace
    let directory: Directory
    const { secret, hash } = keys.make('workspace-user')

    beforeEach(async () => {
      place = await backend.makePlace()
      store = await place.open()
      clock = createManualClock()
      workspace = await addWorkspace(store.db, await addOrganisation(store.db))
      directory = await createDirectory({
        store,
        keys,
        vault: createVault(Buffer.alloc(32, 2)),
        clock,
        trustedHosts: [],
        presetAdminKey: undefined,
        administratorScopes: new Set(),
        report: (problem) => expect.unreachable(String(problem)),
      })
    })

    afterEach(async () => {
      directory.close()
      await store.close()
      await place.clear()
    })

    test('the keys of somebody who is suspended are refused in both planes, and open again afterwards', async () => {
      const user = await addUser(store.db, workspace.organisationId)
      const colleague = await addUser(store.db, workspace.organisationId)
      const other = keys.make('workspace-user')
      await addKey(store.db, workspace, hash, { userId: user.id, kind: 'workspace-user' })
      await addKey(store.db, workspace, other.hash, { userId: colleague.id, kind: 'workspace-user' })
      await updateUser(store.db, user.id, { status: 'suspended' }, clock.now())
      await directory.refresh()
      expect(directory.find(secret)).toEqual({ state: 'suspended' })
      expect(directory.adminCaller(secret)).toBeUndefined()
      expect(directory.find(other.secret).state).toBe('active')
      await updateUser(store.db, user.id, { status: 'active' }, clock.now())
      await directory.refresh()
      expect(directory.find(secret).state).toBe('active')
      expect(directory.adminCaller(secret)).toBeDefined()
    })

    test('a revoked key of somebody who is suspended counts as revoked', async () => {
      const user = await addUser(store.db, workspace.organisationId)
      await updateUser(store.db, user.id, { status: 'suspended' }, clock.now())
      await addKey(store.db, workspace, hash, { userId: user.id, kind: 'workspace-user', revokedAt: 1 })
      await directory.refresh()
      expect(directory.find(secret)).toEqual({ state: 'revoked' })
    })

    describe('a secret that was replaced', () => {
      const next = keys.make('workspace-user')

      async function rotate(until: number, over: Parameters<typeof addKey>[3] = {}) {
        const key = await addKey(store.db, workspace, hash, over)
        await rotateKey(
          store.db,
          key.id,
          { hash: next.hash, masked: 'pcl_••••next', previousExpiresAt: until },
          clock.now(),
        )
        await directory.refresh()
        return key
      }

      test('opens the same as the new one, until its time is over', async () => {
        const until = clock.now() + OVERLAP
        const key = await rotate(until)
        expect(directory.find(secret)).toMatchObject({ state: 'active', caller: { keyId: key.id } })
        expect(directory.find(next.secret)).toEqual(directory.find(secret))
        expect(directory.adminCaller(secret)).toEqual(directory.adminCaller(next.secret))
        clock.advance(OVERLAP)
        expect(directory.find(secret)).toEqual({ state: 'expired', at: until })
        expect(directory.adminCaller(secret)).toBeUndefined()
        expect(directory.find(next.secret).state).toBe('active')
      })

      test('is refused at once where there is no overlap', async () => {
        await rotate(clock.now())
        expect(directory.find(secret).state).toBe('expired')
        expect(directory.find(next.secret).state).toBe('active')
      })

      test('ends with its key, by revocation or by time', async () => {
        const expiresAt = clock.now() + 1_000
        const key = await rotate(clock.now() + OVERLAP, { expiresAt })
        clock.advance(1_000)
        expect(directory.find(secret)).toEqual({ state: 'expired', at: expiresAt })
        await revokeKey(store.db, key.id, clock.now())
        await directory.refresh()
        expect(directory.find(secret)).toEqual({ state: 'revoked' })
        expect(directory.find(next.secret)).toEqual({ state: 'revoked' })
      })
    })

    test('a provider that has expired is listed no more, and tells when that was', async () => {
      const integration = await addIntegration(store.db, workspace.organisationId)
      const provider = await addProvider(store.db, workspace, integration, { slug: 'trial' })
      const at = clock.now() + 1_000
      await store.db.updateTable('providers').set({ expires_at: at }).where('id', '=', provider.id).execute()
      await directory.refresh()
      expect(directory.providers(workspace.id)).toHaveLength(1)
      clock.advance(1_000)
      expect(directory.providers(workspace.id)).toEqual([])
      expect(directory.provider(workspace.id, 'trial')).toMatchObject({ expiresAt: at })
    })

    test('whoever listens hears of every new picture when it is in force, and of none after saying so', async () => {
      const seen: string[] = []
      const stop = directory.onChange(() => seen.push(directory.find(secret).state))
      const key = await addKey(store.db, workspace, hash)
      await directory.refresh()
      await revokeKey(store.db, key.id, clock.now())
      await directory.refresh()
      stop()
      await directory.refresh()
      expect(seen).toEqual(['active', 'revoked'])
    })
  })
}

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listPrices } from '../../src/core/prices/list-prices.ts'
import { createKeyMaker } from '../../src/credentials/api-key.ts'
import { createVault } from '../../src/credentials/vault.ts'
import { useSignInLink } from '../../src/store/console-sessions.ts'
import type { Store } from '../../src/store/database.ts'
import { createDirectory } from '../../src/store/directory.ts'
import { newSignInLink, prepareFirstStart, type FirstStartParts } from '../../src/store/first-start.ts'
import { insertPriceVersion, listPriceVersions } from '../../src/store/prices.ts'
import { deleteProvider, listProviders } from '../../src/store/providers.ts'
import { findFirstOwner } from '../../src/store/users.ts'
import { listWorkspaces } from '../../src/store/workspaces.ts'
import { findOrganisation } from '../../src/store/organisations.ts'
import { createManualClock, type ManualClock } from '../../src/testing/clock.ts'
import { backends, type Place } from './backends.ts'

const keys = createKeyMaker(Buffer.alloc(32, 1))
const DAY_MS = 24 * 60 * 60 * 1000

for (const backend of backends) {
  describe(`the first start on ${backend.name}`, () => {
    let place: Place
    let store: Store
    let clock: ManualClock

    beforeEach(async () => {
      place = await backend.makePlace()
      store = await place.open()
      clock = createManualClock()
    })

    afterEach(async () => {
      await store.close()
      await place.clear()
    })

    function start(over: Partial<FirstStartParts> = {}) {
      return prepareFirstStart({
        store,
        keys,
        clock,
        presetAdminKey: undefined,
        administratorScopes: new Set(['workspaces.list']),
        developerScopes: ['completions.write'],
        ...over,
      })
    }

    test('a newcomer gets a key that reaches the sandbox, an administrator’s key and a way in', async () => {
      const secrets = await start()
      const directory = await createDirectory({
        store,
        keys,
        clock,
        vault: createVault(Buffer.alloc(32)),
        trustedHosts: [],
        presetAdminKey: undefined,
        administratorScopes: new Set(),
        report: (problem) => expect.unreachable(String(problem)),
      })
      const found = directory.find(secrets!.developerKey)
      if (found.state !== 'active') expect.unreachable()
      expect(found.caller).toMatchObject({
        defaultProvider: '@sandbox',
        workspaceSlug: expect.stringMatching(/^ws-default-[a-z0-9]{6}$/),
      })
      expect(found.caller.userId).toBeDefined()
      expect(directory.provider(found.caller.workspaceId, 'sandbox')).toMatchObject({ kind: 'scripted' })
      expect(directory.adminCaller(secrets!.administratorKey!)).toMatchObject({ kind: 'organisation-service' })

      const owner = await findFirstOwner(store.db, found.caller.organisationId)
      expect(owner).toMatchObject({ email: 'admin@localhost', firstName: 'Administrator' })
      const session = await useSignInLink(store.db, keys.hash(secrets!.signInToken), clock.now())
      expect(session?.userId).toBe(owner?.id)
      directory.close()
    })

    test('the secrets are given once and are nowhere in the store', async () => {
      const secrets = await start()
      expect(await start()).toBeUndefined()
      const tables = await store.db.introspection.getTables()
      const everything = await Promise.all(
        tables.map(({ name }) =>
          store.db
            .selectFrom(name as 'settings')
            .selectAll()
            .execute(),
        ),
      )
      const text = JSON.stringify(everything, (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      )
      expect(text).toContain('sandbox')
      for (const secret of Object.values(secrets!)) expect(text).not.toContain(secret)
    })

    test('no administrator’s key is made where one is preset', async () => {
      const secrets = await start({ presetAdminKey: 'an-administrators-key-from-the-environment' })
      expect(secrets).toMatchObject({ administratorKey: undefined })
      const made = await store.db.selectFrom('api_keys').select('kind').execute()
      expect(made).toEqual([{ kind: 'workspace-user' }])
    })

    test('a sandbox that was removed does not come back', async () => {
      await start()
      const organisation = await findOrganisation(store.db)
      const { items } = await listProviders(store.db, organisation!.id)
      await deleteProvider(store.db, items[0]!.id)
      await start()
      expect((await listProviders(store.db, organisation!.id)).total).toBe(0)
      expect((await listWorkspaces(store.db, organisation!.id)).total).toBe(1)
    })

    test('a first start that fails halfway leaves an empty store, and the next one succeeds', async () => {
      const broken = {
        ...keys,
        make: () => {
          throw new Error('no randomness')
        },
      }
      await expect(start({ keys: broken })).rejects.toThrow('no randomness')
      expect(await findOrganisation(store.db)).toBeUndefined()
      expect(await start()).toBeDefined()
    })

    test('a store made with another master key is refused, with what to do', async () => {
      await start()
      await expect(start({ keys: createKeyMaker(Buffer.alloc(32, 9)) })).rejects.toThrow(/PORTCULLIS_MASTER_KEY/)
    })

    test('a sign-in link works once', async () => {
      const secrets = await start()
      const hash = keys.hash(secrets!.signInToken)
      const uses = await Promise.all([1, 2, 3].map(() => useSignInLink(store.db, hash, clock.now())))
      expect(uses.filter((session) => session !== undefined)).toHaveLength(1)
    })

    test('a sign-in link works for a day and no longer', async () => {
      await start()
      const early = await newSignInLink({ store, keys, clock })
      const late = await newSignInLink({ store, keys, clock })
      clock.advance(DAY_MS - 1)
      expect(await useSignInLink(store.db, keys.hash(early), clock.now())).toBeDefined()
      clock.advance(1)
      expect(await useSignInLink(store.db, keys.hash(late), clock.now())).toBeUndefined()
    })

    test('prices come with the first start and are never doubled or touched', async () => {
      await start()
      await insertPriceVersion(store.db, {
        id: 'ours',
        validFrom: 5,
        source: 'operator',
        tableJson: '{}',
        createdAt: 1,
      })
      const before = await listPriceVersions(store.db)
      expect(before.map(({ id }) => id)).toEqual([listPrices.id, 'ours'])
      await start()
      expect(await listPriceVersions(store.db)).toEqual(before)
    })

    test('a release with newer prices adds them to an old store', async () => {
      await start()
      await store.db.updateTable('price_versions').set({ id: '2020-01-01', valid_from: 1 }).execute()
      await start()
      expect((await listPriceVersions(store.db)).map(({ id }) => id)).toEqual([listPrices.id, '2020-01-01'])
    })
  })
}

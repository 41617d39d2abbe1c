import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Id } from '../../src/core/ids.ts'
import { DEFAULT_RECORD_RULES } from '../../src/core/record-rules.ts'
import { NO_USAGE } from '../../src/core/usage.ts'
import { createKeyMaker } from '../../src/credentials/api-key.ts'
import { createVault } from '../../src/credentials/vault.ts'
import type { Keys } from '../../src/gateway/parts.ts'
import { noteChange } from '../../src/store/changes.ts'
import type { Store } from '../../src/store/database.ts'
import { createDirectory, type Directory, type DirectoryParts } from '../../src/store/directory.ts'
import {
  allowIntegrationWorkspace,
  denyIntegrationWorkspace,
  putIntegrationModels,
  updateIntegration,
} from '../../src/store/integrations.ts'
import { revokeKey, updateKey } from '../../src/store/keys.ts'
import { insertPriceVersion, listPriceVersions } from '../../src/store/prices.ts'
import { deleteProvider } from '../../src/store/providers.ts'
import { updateWorkspace, type Workspace } from '../../src/store/workspaces.ts'
import { createManualClock, type ManualClock } from '../../src/testing/clock.ts'
import { backends, type Place } from './backends.ts'
import { addIntegration, addKey, addOrganisation, addProvider, addUser, addWorkspace } from './tenants.ts'

const keys = createKeyMaker(Buffer.alloc(32, 1))
const vault = createVault(Buffer.alloc(32, 2))
const PRESET = 'an-administrators-key-from-the-environment'

/** The machine may be busy; a broken promise still ends. */
const WAIT = { timeout: 10_000 }

for (const backend of backends) {
  describe(`the directory on ${backend.name}`, () => {
    let place: Place
    let store: Store
    let clock: ManualClock
    let organisationId: Id<'organisation'>
    let workspace: Workspace
    let directory: Directory
    let problems: unknown[]

    beforeEach(async () => {
      place = await backend.makePlace()
      store = await place.open()
      clock = createManualClock()
      organisationId = await addOrganisation(store.db)
      workspace = await addWorkspace(store.db, organisationId)
      problems = []
      directory = await open()
    })

    afterEach(async () => {
      directory.close()
      await store.close()
      await place.clear()
    })

    function open(over: Partial<DirectoryParts> = {}): Promise<Directory> {
      return createDirectory({
        store,
        keys,
        vault,
        clock,
        trustedHosts: ['127.0.0.1:9000'],
        presetAdminKey: PRESET,
        administratorScopes: new Set(['workspaces.list']),
        report: (problem) => problems.push(problem),
        ...over,
      })
    }

    test('it serves as the gateway’s keys', () => {
      directory satisfies Keys
    })

    describe('keys', () => {
      const { secret, hash } = keys.make('workspace-user')

      test('a new key works as soon as the picture is renewed, and says who holds it', async () => {
        const user = await addUser(store.db, organisationId)
        const key = await addKey(store.db, workspace, hash, { userId: user.id, kind: 'workspace-user', name: 'Laptop' })
        expect(directory.find(secret)).toEqual({ state: 'unknown' })
        await directory.refresh()
        expect(directory.find(secret)).toEqual({
          state: 'active',
          caller: {
            keyId: key.id,
            keyName: 'Laptop',
            organisationId,
            workspaceId: workspace.id,
            workspaceSlug: workspace.slug,
            userId: user.id,
            scopes: new Set(['completions.write']),
            defaultProvider: undefined,
            defaultConfig: undefined,
            mayOverrideConfig: true,
            metadata: {},
            errorFormat: 'anthropic',
            records: DEFAULT_RECORD_RULES,
          },
        })
      })

      test('a revoked key is refused with the next request', async () => {
        const key = await addKey(store.db, workspace, hash)
        await directory.refresh()
        await revokeKey(store.db, key.id, clock.now())
        await directory.refresh()
        expect(directory.find(secret)).toEqual({ state: 'revoked' })
        expect(directory.adminCaller(secret)).toBeUndefined()
      })

      test('a key stops at the moment it expires, without anybody changing anything', async () => {
        const at = clock.now() + 1_000
        await addKey(store.db, workspace, hash, { expiresAt: at })
        await directory.refresh()
        clock.advance(999)
        expect(directory.find(secret).state).toBe('active')
        clock.advance(1)
        expect(directory.find(secret)).toEqual({ state: 'expired', at })
        expect(directory.adminCaller(secret)).toBeUndefined()
      })

      test('a key that was revoked and has expired counts as revoked', async () => {
        await addKey(store.db, workspace, hash, { expiresAt: 1, revokedAt: 1 })
        await directory.refresh()
        expect(directory.find(secret)).toEqual({ state: 'revoked' })
      })

      test('an administrator’s key administers and calls no model', async () => {
        const admin = keys.make('organisation-service')
        const key = await addKey(store.db, workspace, admin.hash, {
          kind: 'organisation-service',
          workspaceId: undefined,
          scopes: ['workspaces.list'],
        })
        await directory.refresh()
        expect(directory.find(admin.secret)).toEqual({ state: 'administrative' })
        expect(directory.adminCaller(admin.secret)).toEqual({
          kind: 'organisation-service',
          keyId: key.id,
          organisationId,
          workspaceId: undefined,
          userId: undefined,
          scopes: new Set(['workspaces.list']),
        })
      })

      test('the preset administrator’s key is honoured without being stored', async () => {
        expect(directory.find(PRESET)).toEqual({ state: 'administrative' })
        expect(directory.isOurs(PRESET)).toBe(true)
        expect(directory.adminCaller(PRESET)).toMatchObject({
          keyId: undefined,
          organisationId,
          workspaceId: undefined,
        })
        expect(await store.db.selectFrom('api_keys').selectAll().execute()).toEqual([])
        const without = await open({ presetAdminKey: undefined })
        expect(without.find(PRESET)).toEqual({ state: 'unknown' })
        expect(without.isOurs(PRESET)).toBe(false)
        without.close()
      })

      test('a key with a slip in it is not taken for one of ours', () => {
        expect(directory.isOurs(secret)).toBe(true)
        expect(directory.isOurs(secret.slice(0, -1))).toBe(false)
        expect(directory.isOurs('sk-ant-api03-0123456789')).toBe(false)
      })

      test('neither a hash nor a mask opens anything', async () => {
        const key = await addKey(store.db, workspace, hash)
        await directory.refresh()
        for (const text of [hash, key.masked, key.id, '']) expect(directory.find(text)).toEqual({ state: 'unknown' })
      })

      test('the provider by default is the key’s, else the workspace’s, else the only one', async () => {
        const key = await addKey(store.db, workspace, hash)
        const integration = await addIntegration(store.db, organisationId)
        const only = await addProvider(store.db, workspace, integration, { slug: 'only' })
        expect(await defaultProvider()).toBe('@only')
        await addProvider(store.db, workspace, integration, { slug: 'second' })
        expect(await defaultProvider()).toBeUndefined()
        await updateWorkspace(store.db, workspace.id, { defaults: { provider: '@second', metadata: {} } }, 1)
        expect(await defaultProvider()).toBe('@second')
        await updateKey(store.db, key.id, { defaults: { ...key.defaults, provider: '@only' } }, 1)
        expect(await defaultProvider()).toBe('@only')
        await deleteProvider(store.db, only.id)
        expect(await defaultProvider()).toBe('@only')

        async function defaultProvider(): Promise<string | undefined> {
          await directory.refresh()
          const found = directory.find(secret)
          return found.state === 'active' ? found.caller.defaultProvider : expect.unreachable()
        }
      })

      test('a tag that the workspace sets cannot be changed by a key', async () => {
        await updateWorkspace(
          store.db,
          workspace.id,
          { defaults: { provider: undefined, metadata: { team: 'payments' } } },
          1,
        )
        await addKey(store.db, workspace, hash, {
          defaults: { provider: undefined, metadata: { team: 'other', app: 'ci' }, allowConfigOverride: null },
        })
        await directory.refresh()
        expect(directory.find(secret)).toMatchObject({ caller: { metadata: { team: 'payments', app: 'ci' } } })
      })
    })

    describe('providers', () => {
      test('a workspace sees its own providers and nobody else’s', async () => {
        const other = await addWorkspace(store.db, organisationId)
        const integration = await addIntegration(store.db, organisationId)
        await addProvider(store.db, workspace, integration, { slug: 'mine' })
        await addProvider(store.db, other, integration, { slug: 'theirs' })
        await directory.refresh()
        expect(directory.provider(workspace.id, 'mine')?.slug).toBe('mine')
        expect(directory.provider(workspace.id, 'theirs')).toBeUndefined()
        expect(directory.providers(workspace.id).map(({ slug }) => slug)).toEqual(['mine'])
        expect(directory.providers('nowhere')).toEqual([])
      })

      test('an integration serves the workspaces that were let in, and stops when they are shut out', async () => {
        const integration = await addIntegration(store.db, organisationId, { globalWorkspaceAccess: false })
        await addProvider(store.db, workspace, integration)
        await directory.refresh()
        expect(directory.provider(workspace.id, 'claude')).toBeUndefined()
        await allowIntegrationWorkspace(store.db, integration.id, workspace.id)
        await directory.refresh()
        expect(directory.provider(workspace.id, 'claude')).toBeDefined()
        await denyIntegrationWorkspace(store.db, integration.id, workspace.id)
        await directory.refresh()
        expect(directory.provider(workspace.id, 'claude')).toBeUndefined()
      })

      test('a workspace’s own integration serves no other workspace', async () => {
        const other = await addWorkspace(store.db, organisationId)
        const integration = await addIntegration(store.db, organisationId, { workspaceId: other.id })
        await addProvider(store.db, workspace, integration)
        await addProvider(store.db, other, integration)
        await directory.refresh()
        expect(directory.providers(workspace.id)).toEqual([])
        expect(directory.providers(other.id)).toHaveLength(1)
      })

      test.each([
        ['nothing', {}, 'https://api.anthropic.com', '/v1', false],
        [
          'another host',
          { custom_host: 'https://llm.example.com/anthropic/v1/' },
          'https://llm.example.com',
          '/anthropic/v1',
          false,
        ],
        ['a trusted private host', { custom_host: 'http://127.0.0.1:9000/v1' }, 'http://127.0.0.1:9000', '/v1', true],
        [
          'a private host that is not trusted any more',
          { custom_host: 'http://127.0.0.1:9001/v1' },
          'http://127.0.0.1:9001',
          '/v1',
          false,
        ],
      ])(
        'with %s as its host, calls go where they should',
        async (_, configurations, origin, basePath, trustedHost) => {
          await addProvider(store.db, workspace, await addIntegration(store.db, organisationId, { configurations }))
          await directory.refresh()
          expect(directory.provider(workspace.id, 'claude')).toMatchObject({
            kind: 'anthropic',
            origin,
            basePath,
            trustedHost,
          })
        },
      )

      test('the scripted provider has no address and needs no credential', async () => {
        await addProvider(store.db, workspace, await addIntegration(store.db, organisationId, { kind: 'scripted' }))
        await directory.refresh()
        const upstream = directory.provider(workspace.id, 'claude')
        expect(upstream).toMatchObject({ kind: 'scripted', origin: 'scripted:' })
        expect(upstream?.credential()).toBeUndefined()
      })

      test('a provider of a kind that this version lacks is left out and breaks nothing', async () => {
        await addProvider(store.db, workspace, await addIntegration(store.db, organisationId, { kind: 'telepathy' }))
        await addProvider(store.db, workspace, await addIntegration(store.db, organisationId), { slug: 'other' })
        await directory.refresh()
        expect(directory.providers(workspace.id).map(({ slug }) => slug)).toEqual(['other'])
      })

      test('a credential opens for the host it was sealed for and for no other', async () => {
        const integration = await addIntegration(store.db, organisationId)
        const sealed = vault.seal('sk-ant-secret', integration.id, 'https://api.anthropic.com')
        await updateIntegration(store.db, integration.id, { credential: { sealed, masked: null } }, 1)
        await addProvider(store.db, workspace, integration)
        await directory.refresh()
        expect(directory.provider(workspace.id, 'claude')?.credential()).toEqual({ key: 'sk-ant-secret' })

        const configurations = { custom_host: 'https://evil.example.com/v1' }
        await updateIntegration(store.db, integration.id, { configurations }, 1)
        await directory.refresh()
        expect(() => directory.provider(workspace.id, 'claude')?.credential()).toThrow(
          expect.objectContaining({ code: 'credential.unavailable', message: expect.not.stringContaining('secret') }),
        )
      })

      test('only models that are switched on are allowed, by exact name or by a beginning with a star', async () => {
        const integration = await addIntegration(store.db, organisationId, { allowAllModels: false })
        await putIntegrationModels(store.db, integration.id, [
          { slug: 'claude-opus-5', enabled: true, isCustom: false, baseModelSlug: null },
          { slug: 'claude-haiku-*', enabled: true, isCustom: true, baseModelSlug: null },
          { slug: 'claude-haiku-1', enabled: false, isCustom: false, baseModelSlug: null },
        ])
        await addProvider(store.db, workspace, integration)
        await directory.refresh()
        const upstream = directory.provider(workspace.id, 'claude')!
        const asked = ['claude-opus-5', 'claude-opus-5-1', 'claude-opus', 'claude-haiku-5', 'claude-haiku-1', '*', '']
        expect(asked.filter((model) => upstream.allows(model))).toEqual(['claude-opus-5', 'claude-haiku-5'])
        expect(upstream.models).toEqual(['claude-haiku-*', 'claude-opus-5'])
      })

      test('a name on the list also means its spellings with a date, a vendor or a context window', async () => {
        const integration = await addIntegration(store.db, organisationId, { allowAllModels: false })
        const listed = { isCustom: false, baseModelSlug: null }
        await putIntegrationModels(store.db, integration.id, [
          { slug: 'claude-haiku-4-5', enabled: true, ...listed },
          { slug: 'claude-opus-*', enabled: true, ...listed },
          { slug: 'claude-opus-4', enabled: false, ...listed },
        ])
        await addProvider(store.db, workspace, integration)
        await directory.refresh()
        const upstream = directory.provider(workspace.id, 'claude')!
        const allowed = ['claude-haiku-4-5-20251001', 'us.anthropic.claude-opus-5-v1:0', 'claude-haiku-4-5[1m]']
        const refused = ['claude-opus-4-20250514', 'claude-sonnet-4-5-20250929', 'us.anthropic.claude-opus-4-v1:0']
        expect([...allowed, ...refused].filter((model) => upstream.allows(model))).toEqual(allowed)
      })

      test('where all models are allowed, one that is switched off is still refused', async () => {
        const integration = await addIntegration(store.db, organisationId)
        await putIntegrationModels(store.db, integration.id, [
          { slug: 'claude-opus-5', enabled: false, isCustom: false, baseModelSlug: null },
        ])
        await addProvider(store.db, workspace, integration)
        await directory.refresh()
        const upstream = directory.provider(workspace.id, 'claude')!
        expect([upstream.allows('claude-opus-5'), upstream.allows('anything'), upstream.models]).toEqual([
          false,
          true,
          [],
        ])
      })
    })

    describe('prices', () => {
      const usage = {
        tokens: { ...NO_USAGE, webSearches: 1 },
        steps: [],
        speed: 'standard',
        geography: undefined,
        serviceTier: undefined,
      }
      const call = { providerKind: 'anthropic', scope: 'reported', model: 'claude-opus-5', at: Date.UTC(2026, 10, 23) }

      test('a new version prices the calls that are made once it is valid', async () => {
        await insertPriceVersion(store.db, {
          id: 'now',
          validFrom: 0,
          source: 'test',
          tableJson: tableWithSearch('0.5'),
          createdAt: 1,
        })
        await insertPriceVersion(store.db, {
          id: 'later',
          validFrom: call.at + 1,
          source: 'test',
          tableJson: tableWithSearch('0.25'),
          createdAt: 1,
        })
        await directory.refresh()
        expect(directory.price(usage, call)).toMatchObject({ costNanos: 500_000_000n, priceVersion: 'now' })
        expect(directory.price(usage, { ...call, at: call.at + 1 })).toMatchObject({
          costNanos: 250_000_000n,
          priceVersion: 'later',
        })
        expect(problems).toEqual([])
      })

      test.each([
        ['alphabetical', 'a', 'b'],
        ['opposite', 'b', 'a'],
      ])(
        'of two versions for one moment the one entered last corrects the other (%s ids)',
        async (_, slip, correct) => {
          const both = { validFrom: call.at, source: 'test' }
          await insertPriceVersion(store.db, { ...both, id: slip, tableJson: tableWithSearch('50'), createdAt: 1 })
          await insertPriceVersion(store.db, { ...both, id: correct, tableJson: tableWithSearch('0.5'), createdAt: 2 })
          await directory.refresh()
          expect(directory.price(usage, call)).toMatchObject({ costNanos: 500_000_000n, priceVersion: correct })
          expect((await listPriceVersions(store.db))[0]!.id).toBe(correct)
        },
      )

      test('a table that cannot be read is reported, and everything else stays in force', async () => {
        const { secret, hash } = keys.make('workspace-user')
        await addKey(store.db, workspace, hash)
        await insertPriceVersion(store.db, {
          id: 'broken',
          validFrom: 0,
          source: 'test',
          tableJson: '{"format":99}',
          createdAt: 1,
        })
        await directory.refresh()
        await directory.refresh()
        expect(problems).toHaveLength(1)
        expect(directory.find(secret).state).toBe('active')
        expect(directory.price(usage, call).costNanos).toBeGreaterThan(0n)
      })

      function tableWithSearch(webSearch: string): string {
        return JSON.stringify({
          format: 1,
          webSearch,
          factors: { region: '1', speeds: {}, serviceTiers: {} },
          regions: {},
          models: [
            {
              id: 'claude-opus-5',
              regional: [],
              rates: [{ input: '5', cacheWrite5m: '6', cacheWrite1h: '10', cacheRead: '0.5', output: '25' }],
            },
          ],
        })
      }
    })

    describe('changes', () => {
      const { secret, hash } = keys.make('workspace-user')

      test('a change by another process is in force within half a second', async () => {
        const key = await addKey(store.db, workspace, hash)
        await directory.refresh()
        await store.db.transaction().execute(async (tx) => {
          await revokeKey(tx, key.id, clock.now())
          await noteChange(tx, clock.now(), 'key')
        })
        expect(directory.find(secret).state).toBe('active')
        clock.advance(500)
        await vi.waitFor(() => expect(directory.find(secret).state).toBe('revoked'), WAIT)
      })

      test('it goes on looking after the first look', async () => {
        for (let round = 0; round < 3; round++) {
          const made = keys.make('workspace-user')
          await addKey(store.db, workspace, made.hash)
          await noteChange(store.db, clock.now(), 'key')
          await vi.waitFor(() => expect(clock.waiting).toBe(1), WAIT)
          clock.advance(500)
          await vi.waitFor(() => expect(directory.find(made.secret).state).toBe('active'), WAIT)
        }
      })

      test('whoever asks for a new picture gets one that was read after they asked', async () => {
        const made = Array.from({ length: 20 }, () => keys.make('workspace-user'))
        await Promise.all(
          made.map(async (key) => {
            await addKey(store.db, workspace, key.hash)
            await directory.refresh()
            expect(directory.find(key.secret).state).toBe('active')
          }),
        )
      })

      test('the last good picture stays in force when the store cannot be read', async () => {
        await addKey(store.db, workspace, hash)
        await directory.refresh()
        await store.close()
        await expect(directory.refresh()).rejects.toThrow()
        clock.advance(500)
        await vi.waitFor(() => expect(problems).not.toEqual([]), WAIT)
        expect(directory.find(secret).state).toBe('active')
      })

      test('a closed directory looks no more', () => {
        directory.close()
        expect(clock.waiting).toBe(0)
      })
    })
  })
}

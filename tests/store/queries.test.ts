import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { Id } from '../../src/core/ids.ts'
import type { Store } from '../../src/store/database.ts'
import {
  findExchange,
  listExchanges,
  sumExchanges,
  type ExchangeCursor,
  type ExchangeFilter,
} from '../../src/store/exchanges.ts'
import {
  allowIntegrationWorkspace,
  deleteIntegration,
  deleteIntegrationModels,
  findIntegration,
  listIntegrationModels,
  listIntegrationWorkspaceIds,
  listIntegrations,
  putIntegrationModels,
  updateIntegration,
} from '../../src/store/integrations.ts'
import { findKey, listKeys, revokeKey, updateKey } from '../../src/store/keys.ts'
import { listCalls, sumCalls } from '../../src/store/ledger-calls.ts'
import { deleteProvider, findProvider, listProviders, updateProvider } from '../../src/store/providers.ts'
import { insertMember, listMembers, listWorkspaceIds } from '../../src/store/members.ts'
import { findUser, listUsers } from '../../src/store/users.ts'
import { findWorkspace, listWorkspaces, updateWorkspace, type Workspace } from '../../src/store/workspaces.ts'
import { backends, type Place } from './backends.ts'
import { callRow, exchangeRow } from './rows.ts'
import { addIntegration, addKey, addOrganisation, addProvider, addUser, addWorkspace } from './tenants.ts'

for (const backend of backends) {
  describe(`queries on ${backend.name}`, () => {
    let place: Place
    let store: Store
    let organisationId: Id<'organisation'>
    let elsewhere: Id<'organisation'>
    let workspace: Workspace

    beforeEach(async () => {
      place = await backend.makePlace()
      store = await place.open()
      organisationId = await addOrganisation(store.db)
      elsewhere = await addOrganisation(store.db)
      workspace = await addWorkspace(store.db, organisationId, { slug: 'ws-payments', name: 'Ärzte & Pay_ments' })
    })

    afterEach(async () => {
      await store.close()
      await place.clear()
    })

    describe('workspaces', () => {
      test('one is found by id and by slug, and not by another organisation', async () => {
        expect(await findWorkspace(store.db, organisationId, workspace.id)).toEqual(workspace)
        expect(await findWorkspace(store.db, organisationId, 'ws-payments')).toEqual(workspace)
        expect(await findWorkspace(store.db, elsewhere, workspace.id)).toBeUndefined()
      })

      test('a part of a name is taken literally and in any case of letters', async () => {
        await addWorkspace(store.db, organisationId, { name: 'Search' })
        const names = async (namePart: string) =>
          (await listWorkspaces(store.db, organisationId, { namePart })).items.map(({ name }) => name)
        expect(await names('ärzte')).toEqual([workspace.name])
        expect(await names('_')).toEqual([workspace.name])
        expect(await names('%')).toEqual([])
      })

      test('a page tells how many there are in all', async () => {
        const second = await addWorkspace(store.db, organisationId)
        const page = await listWorkspaces(store.db, organisationId, {}, { offset: 1, limit: 1 })
        expect(page).toEqual({ items: [second], total: 2 })
      })

      test('a change leaves alone what it does not name', async () => {
        await updateWorkspace(store.db, workspace.id, { description: 'money' }, 2_000)
        expect(await findWorkspace(store.db, organisationId, workspace.id)).toEqual({
          ...workspace,
          description: 'money',
          updatedAt: 2_000,
        })
      })
    })

    test('users are found by id and by address; members are listed with their role', async () => {
      const ada = await addUser(store.db, organisationId, { email: 'ada@example.com', role: 'owner' })
      const bob = await addUser(store.db, organisationId)
      await insertMember(store.db, { workspaceId: workspace.id, userId: ada.id, role: 'manager', joinedAt: 5 })
      expect(await findUser(store.db, organisationId, 'ada@example.com')).toEqual(ada)
      expect(await findUser(store.db, elsewhere, ada.id)).toBeUndefined()
      expect(await listUsers(store.db, organisationId, { role: 'owner' })).toEqual({ items: [ada], total: 1 })
      expect(await listMembers(store.db, workspace.id)).toEqual([{ user: ada, role: 'manager', joinedAt: 5 }])
      expect(await listWorkspaceIds(store.db, [ada.id, bob.id])).toEqual(new Map([[ada.id, [workspace.id]]]))
      expect(await listWorkspaceIds(store.db, [])).toEqual(new Map())
    })

    describe('keys', () => {
      test('they are listed newest first, by what they are good for now', async () => {
        const first = await addKey(store.db, workspace, 'a', { createdAt: 1 })
        const expired = await addKey(store.db, workspace, 'b', { createdAt: 2, expiresAt: 100 })
        const revoked = await addKey(store.db, workspace, 'c', { createdAt: 3, revokedAt: 50, expiresAt: 60 })
        const ids = async (filter: Parameters<typeof listKeys>[2]) => {
          const { items, total } = await listKeys(store.db, organisationId, filter, { offset: 0, limit: 10 }, 100)
          expect(total).toBe(items.length)
          return items.map(({ id }) => id)
        }
        expect(await ids({})).toEqual([revoked.id, expired.id, first.id])
        expect(await ids({ status: 'active' })).toEqual([first.id])
        expect(await ids({ status: 'expired' })).toEqual([expired.id])
        expect(await ids({ status: 'revoked' })).toEqual([revoked.id])
        expect(await ids({ workspaceId: 'other' })).toEqual([])
      })

      test('a change leaves alone what it does not name, and null takes an expiry away', async () => {
        const key = await addKey(store.db, workspace, 'a', { expiresAt: 100 })
        const defaults = { provider: '@claude', metadata: { team: 'x' }, allowConfigOverride: false }
        await updateKey(store.db, key.id, { defaults, expiresAt: null }, 2_000)
        expect(await findKey(store.db, organisationId, key.id)).toEqual({
          ...key,
          defaults,
          expiresAt: undefined,
          updatedAt: 2_000,
        })
        expect(await findKey(store.db, elsewhere, key.id)).toBeUndefined()
      })

      test('the first revocation counts', async () => {
        const key = await addKey(store.db, workspace, 'a')
        await revokeKey(store.db, key.id, 10)
        await revokeKey(store.db, key.id, 20)
        expect((await findKey(store.db, organisationId, key.id))?.revokedAt).toBe(10)
      })
    })

    describe('integrations', () => {
      test('a workspace may use its own, the open ones and those it was let in to', async () => {
        const other = await addWorkspace(store.db, organisationId)
        const open = await addIntegration(store.db, organisationId)
        const invited = await addIntegration(store.db, organisationId, { globalWorkspaceAccess: false })
        const own = await addIntegration(store.db, organisationId, {
          workspaceId: workspace.id,
          globalWorkspaceAccess: false,
        })
        await addIntegration(store.db, organisationId, { globalWorkspaceAccess: false })
        await addIntegration(store.db, organisationId, { workspaceId: other.id })
        await allowIntegrationWorkspace(store.db, invited.id, workspace.id)
        await allowIntegrationWorkspace(store.db, invited.id, workspace.id)
        const { items, total } = await listIntegrations(store.db, organisationId, { usableBy: workspace.id })
        expect([items.map(({ id }) => id), total]).toEqual([[open.id, invited.id, own.id], 3])
        expect(await listIntegrationWorkspaceIds(store.db, invited.id)).toEqual([workspace.id])
      })

      test('models are added, replaced and taken off by name', async () => {
        const { id } = await addIntegration(store.db, organisationId)
        const opus = { slug: 'claude-opus-5', enabled: true, isCustom: false, baseModelSlug: null }
        const tuned = { slug: 'tuned', enabled: true, isCustom: true, baseModelSlug: 'claude-opus-5' }
        await putIntegrationModels(store.db, id, [opus, tuned])
        await putIntegrationModels(store.db, id, [{ ...opus, enabled: false }])
        expect(await listIntegrationModels(store.db, id)).toEqual([{ ...opus, enabled: false }, tuned])
        await deleteIntegrationModels(store.db, id, ['tuned', 'never was'])
        expect(await listIntegrationModels(store.db, id)).toHaveLength(1)
      })

      test('a change leaves alone what it does not name', async () => {
        const integration = await addIntegration(store.db, organisationId)
        await updateIntegration(store.db, integration.id, { credential: { sealed: 's', masked: 'm' } }, 2_000)
        expect(await findIntegration(store.db, organisationId, integration.slug)).toEqual({
          ...integration,
          sealedCredential: 's',
          maskedCredential: 'm',
          updatedAt: 2_000,
        })
      })

      test('one that providers use cannot be deleted, and takes its models along when it can', async () => {
        const integration = await addIntegration(store.db, organisationId)
        const provider = await addProvider(store.db, workspace, integration)
        await putIntegrationModels(store.db, integration.id, [
          { slug: 'm', enabled: true, isCustom: false, baseModelSlug: null },
        ])
        await expect(deleteIntegration(store.db, integration.id)).rejects.toMatchObject({ fault: 'dangling' })
        await deleteProvider(store.db, provider.id)
        await deleteIntegration(store.db, integration.id)
        expect(await listIntegrationModels(store.db, integration.id)).toEqual([])
      })
    })

    test('providers are listed with what their integration and workspace are called', async () => {
      const integration = await addIntegration(store.db, organisationId, { name: 'Account', slug: 'account' })
      const provider = await addProvider(store.db, workspace, integration)
      const listed = {
        ...provider,
        kind: 'anthropic',
        integrationSlug: 'account',
        integrationName: 'Account',
        workspaceSlug: 'ws-payments',
        workspaceName: workspace.name,
      }
      expect(await listProviders(store.db, organisationId, { workspaceId: workspace.id })).toEqual({
        items: [listed],
        total: 1,
      })
      expect(await listProviders(store.db, elsewhere)).toEqual({ items: [], total: 0 })
      await updateProvider(store.db, provider.id, { note: 'ours' }, 2_000)
      expect(await findProvider(store.db, workspace.id, 'claude')).toEqual({
        ...listed,
        note: 'ours',
        updatedAt: 2_000,
      })
      expect(await findProvider(store.db, 'other', provider.id)).toBeUndefined()
    })

    describe('records', () => {
      const scope = { organisationId: 'organisation', workspaceId: 'workspace' }

      test('a record is found within its workspace only', async () => {
        await store.insertMany('exchanges', [exchangeRow({ id: 'req_1' })])
        expect(await findExchange(store.db, scope, 'req_1')).toMatchObject({
          id: 'req_1',
          metadata: { team: 'payments' },
        })
        for (const foreign of [{ workspaceId: 'other' }, { organisationId: 'other' }, { keyId: 'other' }]) {
          expect(await findExchange(store.db, { ...scope, ...foreign }, 'req_1')).toBeUndefined()
        }
      })

      test('turning the pages shows every record once, newest first, also where many fell on one millisecond', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 30 }),
            fc.integer({ min: 1, max: 7 }),
            async (moments, limit) => {
              await store.db.deleteFrom('exchanges').execute()
              const rows = moments.map((moment, index) => exchangeRow({ id: `req_${index}`, received_at: moment }))
              await store.insertMany('exchanges', rows)
              const expected = rows
                .toSorted((a, b) => b.received_at - a.received_at || (a.id < b.id ? 1 : -1))
                .map(({ id }) => id)
              const seen: string[] = []
              let after: ExchangeCursor | undefined
              do {
                const page = await listExchanges(store.db, scope, { limit, after })
                seen.push(...page.items.map(({ id }) => id))
                after = page.next
              } while (after !== undefined)
              expect(seen).toEqual(expected)
            },
          ),
          { numRuns: 20 },
        )
      })

      test.each<[string, Partial<ExchangeFilter>, string[]]>([
        ['workspace', { workspaceId: 'other' }, ['elsewhere']],
        ['key', { keyId: 'laptop' }, ['laptop']],
        ['session', { sessionId: 'night' }, ['night']],
        ['model asked for', { model: 'claude-haiku-5' }, ['asked']],
        ['model that served', { model: 'claude-sonnet-5' }, ['served']],
        ['provider', { providerSlug: 'bedrock' }, ['bedrock']],
        ['class of status', { status: { from: 400, to: 499 } }, ['busy']],
        ['time', { since: 5_000, until: 6_000 }, ['late']],
      ])('a list can be narrowed by %s', async (_, filter, expected) => {
        await store.insertMany('exchanges', [
          exchangeRow({ id: 'elsewhere', workspace_id: 'other' }),
          exchangeRow({ id: 'laptop', key_id: 'laptop' }),
          exchangeRow({ id: 'night', session_id: 'night' }),
          exchangeRow({ id: 'asked', model_asked: 'claude-haiku-5' }),
          exchangeRow({ id: 'served', model_served: 'claude-sonnet-5' }),
          exchangeRow({ id: 'bedrock', provider_slug: 'bedrock' }),
          exchangeRow({ id: 'busy', status: 429 }),
          exchangeRow({ id: 'late', received_at: 5_000 }),
          exchangeRow({ id: 'too late', received_at: 6_000 }),
          exchangeRow({ id: 'foreign', organisation_id: 'other', ...foreignMatch(filter) }),
        ])
        const { items } = await listExchanges(store.db, { organisationId: 'organisation', ...filter }, { limit: 100 })
        expect(items.map(({ id }) => id)).toEqual(expected)
        expect((await sumExchanges(store.db, { organisationId: 'organisation', ...filter })).requests).toBe(1)
      })

      /** A row of another organisation that would match in everything else. */
      function foreignMatch({ workspaceId, keyId, sessionId }: Partial<ExchangeFilter>) {
        return { workspace_id: workspaceId ?? 'workspace', key_id: keyId ?? 'key', session_id: sessionId ?? 'session' }
      }

      test('sums are exact, and zero where there is nothing', async () => {
        await store.insertMany('exchanges', [
          exchangeRow({ estimated: 1 }),
          exchangeRow(),
          exchangeRow({ workspace_id: 'other' }),
        ])
        expect(await sumExchanges(store.db, scope)).toEqual({
          requests: 2,
          input_tokens: 2,
          output_tokens: 4,
          cache_read_tokens: 6,
          cache_write_5m_tokens: 8,
          cache_write_1h_tokens: 10,
          thinking_tokens: 12,
          web_searches: 14,
          web_fetches: 16,
          code_executions: 18,
          estimated: 1,
          cost_nanos: 2_000_000n,
        })
        expect(await sumExchanges(store.db, { organisationId: 'nobody' })).toMatchObject({
          requests: 0,
          input_tokens: 0,
          cost_nanos: 0n,
        })
      })

      test('calls are summed by their own columns and by those of their exchange', async () => {
        await store.insertMany('exchanges', [
          exchangeRow({ id: 'req_1', session_id: 'night' }),
          exchangeRow({ id: 'req_2', status: 529 }),
        ])
        await store.insertMany('ledger_calls', [
          callRow({ exchange_id: 'req_1', ordinal: 1 }),
          callRow({ exchange_id: 'req_1', ordinal: 0, model: 'claude-haiku-5', model_served: null }),
          callRow({ exchange_id: 'req_2', closed_at: 9_000 }),
          callRow({ exchange_id: 'req_2', organisation_id: 'other' }),
        ])
        const sums = async (filter: Partial<ExchangeFilter>) => {
          const {
            calls,
            requests,
            cost_nanos: cost,
          } = await sumCalls(store.db, { organisationId: 'organisation', ...filter })
          return [calls, requests, cost]
        }
        expect(await sums({})).toEqual([3, 2, 3_000_000n])
        expect(await sums({ sessionId: 'night' })).toEqual([2, 1, 2_000_000n])
        expect(await sums({ status: { from: 500, to: 599 } })).toEqual([1, 1, 1_000_000n])
        expect(await sums({ model: 'claude-haiku-5' })).toEqual([1, 1, 1_000_000n])
        expect(await sums({ since: 9_000 })).toEqual([1, 1, 1_000_000n])
        expect(await sums({ until: 9_000, keyId: 'key', providerSlug: 'sandbox' })).toEqual([2, 1, 2_000_000n])
        expect(await sums({ workspaceId: 'other' })).toEqual([0, 0, 0n])
        expect((await listCalls(store.db, 'organisation', 'req_1')).map(({ ordinal }) => ordinal)).toEqual([0, 1])
        expect(await listCalls(store.db, 'other', 'req_1')).toEqual([])
      })
    })
  })
}

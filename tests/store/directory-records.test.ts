import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_RECORD_RULES, type RecordRules, type RecordSettings } from '../../src/core/record-rules.ts'
import { createKeyMaker } from '../../src/credentials/api-key.ts'
import { createVault } from '../../src/credentials/vault.ts'
import type { Store } from '../../src/store/database.ts'
import { createDirectory, type Directory } from '../../src/store/directory.ts'
import { writeRecordSettings } from '../../src/store/documents.ts'
import { updateOrganisation } from '../../src/store/organisations.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { backends, type Place } from './backends.ts'
import { addKey, addOrganisation, addWorkspace } from './tenants.ts'

const keys = createKeyMaker(Buffer.alloc(32, 1))
const { secret, hash } = keys.make('workspace-user')

for (const backend of backends) {
  describe(`what is kept of a caller’s content, on ${backend.name}`, () => {
    let place: Place
    let store: Store
    let directory: Directory
    let ids: { organisation: string; workspace: string; key: string }

    beforeEach(async () => {
      place = await backend.makePlace()
      store = await place.open()
      const organisation = await addOrganisation(store.db)
      const workspace = await addWorkspace(store.db, organisation)
      const key = await addKey(store.db, workspace, hash)
      ids = { organisation, workspace: workspace.id, key: key.id }
      directory = await createDirectory({
        store,
        keys,
        vault: createVault(Buffer.alloc(32, 2)),
        clock: createManualClock(),
        trustedHosts: [],
        presetAdminKey: undefined,
        administratorScopes: new Set(),
        report: (problem) => {
          throw problem
        },
      })
    })

    afterEach(async () => {
      directory.close()
      await store.close()
      await place.clear()
    })

    async function rulesAfter(levels: {
      readonly organisation?: RecordSettings
      readonly workspace?: RecordSettings
      readonly key?: RecordSettings
    }): Promise<RecordRules | undefined> {
      const { db } = store
      if (levels.organisation !== undefined) {
        await updateOrganisation(db, ids.organisation, { name: 'One', settings: { records: levels.organisation } })
      }
      const write = (settings: RecordSettings | undefined) => ({ records: writeRecordSettings(settings ?? {}) })
      await db.updateTable('workspaces').set(write(levels.workspace)).where('id', '=', ids.workspace).execute()
      await db.updateTable('api_keys').set(write(levels.key)).where('id', '=', ids.key).execute()
      await directory.refresh()
      const found = directory.find(secret)
      return found.state === 'active' ? found.caller.records : undefined
    }

    test('where nobody has said anything, everything is kept for thirty days', async () => {
      expect(await rulesAfter({})).toEqual(DEFAULT_RECORD_RULES)
    })

    test('each level says what holds below it', async () => {
      const email = { name: 'email' }
      const ticket = { name: 'ticket', pattern: 'TICKET-\\d+' }
      const rules = await rulesAfter({
        organisation: { contentDays: 7, masking: [email] },
        workspace: { content: 'masked', masking: [ticket], searchable: true },
      })
      expect(rules).toEqual({ content: 'masked', contentDays: 7, masking: [email, ticket], searchable: true })
    })

    test('nobody keeps more than the level above has allowed', async () => {
      const rules = await rulesAfter({
        organisation: { content: 'metadata', contentDays: 1 },
        workspace: { content: 'masked', contentDays: 90 },
        key: { content: 'full', contentDays: 365 },
      })
      expect(rules).toMatchObject({ content: 'metadata', contentDays: 1 })
    })

    test('a key may keep less than its workspace', async () => {
      expect(await rulesAfter({ key: { content: 'metadata' } })).toMatchObject({ content: 'metadata', contentDays: 30 })
    })
  })
}

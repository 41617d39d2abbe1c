import { randomBytes } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { newId } from '../../core/ids.ts'
import { createVault } from '../../credentials/vault.ts'
import { addBodyKey, findBodyKey, findLiveBodyKey, shredBodyKeys, type StoredBodyKey } from '../../store/body-keys.ts'
import type { Database } from '../../store/database.ts'
import type { WantedKey, WorkspaceKey } from './body-protocol.ts'

/** The keys that content is kept under, one of each workspace; sealed in the store with a key derived from the master key. */
export interface WorkspaceKeys {
  /** Makes the one to write with where there is none. Undefined for one that was destroyed. */
  fetch(wanted: WantedKey): Promise<WorkspaceKey | undefined>
  /** Nothing that was kept under the workspace's keys can be read any more, wherever a copy lies. */
  shred(workspaceId: string): Promise<void>
}

export interface WorkspaceKeysParts {
  readonly db: Database
  readonly clock: Clock
  /** 32 bytes: `content` of the master key. */
  readonly sealing: Buffer
}

export function createWorkspaceKeys({ db, clock, sealing }: WorkspaceKeysParts): WorkspaceKeys {
  const vault = createVault(sealing)

  return {
    async fetch(wanted) {
      if ('keyId' in wanted) return open(await findBodyKey(db, wanted.keyId))
      const { workspaceId } = wanted
      const known = await findLiveBodyKey(db, workspaceId)
      if (known !== undefined) return open(known)
      const now = clock.now()
      const id = newId<'body-key'>(now)
      const sealed = vault.seal(randomBytes(KEY_BYTES).toString('base64'), id, workspaceId)
      await addBodyKey(db, { id, workspaceId, sealed }, now)
      return open(await findLiveBodyKey(db, workspaceId))
    },
    shred: (workspaceId) => shredBodyKeys(db, workspaceId, clock.now()),
  }

  function open(stored: StoredBodyKey | undefined): WorkspaceKey | undefined {
    if (stored === undefined || stored.sealed === null) return undefined
    return { id: stored.id, bytes: Buffer.from(vault.open(stored.sealed, stored.id, stored.workspaceId), 'base64') }
  }
}

const KEY_BYTES = 32

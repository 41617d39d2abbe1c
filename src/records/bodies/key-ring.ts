import type { Clock } from '../../core/clock.ts'
import type { WantedKey, WorkspaceKey } from './body-protocol.ts'
import type { ChapterParent } from './chapters.ts'

/** Workspace keys that were asked for lately. */
export interface KeyRing {
  /** The key that new chapters of a workspace are wrapped with. */
  live(workspaceId: string): Promise<ChapterParent>
  /** The key of this name, or undefined when it was destroyed. */
  named(keyId: string): Promise<Buffer | undefined>
  /** Asks anew from now on. */
  forget(): void
}

export interface KeyRingParts {
  readonly clock: Clock
  readonly fetch: (wanted: WantedKey) => Promise<WorkspaceKey | undefined>
}

/** For so long a key that another process has destroyed is still used here. */
const KEY_TRUSTED_MS = 60_000

export function createKeyRing({ clock, fetch }: KeyRingParts): KeyRing {
  const known = new Map<string, { readonly until: number; readonly key: Promise<ChapterParent | undefined> }>()

  return {
    async live(workspaceId) {
      const key = await find(`live ${workspaceId}`, { workspaceId })
      if (key === undefined) throw new Error(`There is no key for the content of workspace ${workspaceId}.`)
      return key
    },
    named: async (keyId) => (await find(`named ${keyId}`, { keyId }))?.key,
    forget: () => known.clear(),
  }

  function find(name: string, wanted: WantedKey): Promise<ChapterParent | undefined> {
    const now = clock.monotonic()
    const found = known.get(name)
    if (found !== undefined && found.until > now) return found.key
    const key = fetch(wanted).then((answer) => answer && { id: answer.id, key: Buffer.from(answer.bytes) })
    known.set(name, { until: now + KEY_TRUSTED_MS, key })
    // A failure is not remembered.
    key.catch(() => known.delete(name))
    return key
  }
}

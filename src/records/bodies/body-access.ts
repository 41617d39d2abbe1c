import type { Clock } from '../../core/clock.ts'
import { addBodyDeletion, wasDeleted } from '../../store/body-deletions.ts'
import type { Database } from '../../store/database.ts'
import { forgetExchangeContent, forgetSessionContent, forgetWorkspaceContent } from '../../store/turn-content.ts'
import { shelfExpiresAt } from '../shelf.ts'
import type { Missing } from './body-protocol.ts'
import type { BodyReader, BodyReference, BodyRemover, Unreadable } from './body-reader.ts'
import type { BodyThread } from './body-thread.ts'
import type { TurnWriter } from './turn-writer.ts'
import type { WorkspaceKeys } from './workspace-keys.ts'

export interface BodyAccessParts {
  readonly clock: Clock
  readonly db: Database
  readonly thread: BodyThread
  readonly keys: WorkspaceKeys
  readonly turns: TurnWriter
}

/** Reads and removes content by way of the thread; what the rows know of why something is not there is added here. */
export function createBodyAccess({ clock, db, thread, keys, turns }: BodyAccessParts): BodyReader & BodyRemover {
  return {
    async list(reference) {
      const unkept = unkeptState(reference)
      if (unkept !== undefined) return unkept
      const answer = await thread.ask({ kind: 'list', reference })
      return answer.state === 'readable' ? answer : await explain(reference, answer)
    },
    async read(reference, body, ordinal) {
      const unkept = unkeptState(reference)
      if (unkept !== undefined) return unkept
      const answer = await thread.ask({ kind: 'read', reference, body, ordinal })
      // A buffer comes out of a message as plain bytes.
      if (answer.state === 'readable')
        return {
          ...answer,
          content: Buffer.from(answer.content.buffer, answer.content.byteOffset, answer.content.byteLength),
        }
      return await explain(reference, answer)
    },
    async compare(a, b) {
      const unkept = unkeptState(a) ?? unkeptState(b)
      if (unkept !== undefined) return unkept
      const answer = await thread.ask({ kind: 'compare', a, b })
      if (answer.state === 'readable') return answer
      // Which of the two is missing is not said; the row that knows a reason gives it.
      const first = await explain(a, answer)
      return first.state === 'lost' ? await explain(b, answer) : first
    },
    search: (search) => thread.ask({ kind: 'search', search }),
    async deleteScope(workspaceId, scope, shelves) {
      const gone = await thread.ask({ kind: 'delete-scope', workspaceId, scope, shelves, withRunning: true })
      for (const shelf of gone) await addBodyDeletion(db, { scope, shelf, now: clock.now() })
      await turns.settle(({ session }) => session === scope)
      await forgetSessionContent(db, scope, gone)
    },
    async deleteExchange(reference) {
      const { exchangeId, shelf } = reference
      if (shelf === null) return
      await thread.ask({ kind: 'delete-exchange', reference })
      await addBodyDeletion(db, { scope: exchangeId, shelf, now: clock.now() })
      await turns.settle((title) => title.exchangeId === exchangeId)
      await forgetExchangeContent(db, exchangeId)
    },
    async shred(workspaceId) {
      await keys.shred(workspaceId)
      await thread.ask({ kind: 'forget-workspace', workspaceId })
      // Whose session a name waits for is known with the session only; one without a name is called by its next.
      await turns.settle(() => true)
      await forgetWorkspaceContent(db, workspaceId)
    },
  }

  /** Why there is nothing on the shelf. */
  async function explain(reference: BodyReference, { state }: Missing): Promise<Unreadable> {
    if (state !== 'absent') return { state }
    const { exchangeId, shelf } = reference
    if (shelf === null) return { state: 'none' }
    if (await wasDeleted(db, exchangeId, shelf)) return { state: 'deleted' }
    const expiresAt = shelfExpiresAt(shelf)
    return { state: expiresAt !== undefined && expiresAt <= clock.now() ? 'expired' : 'lost' }
  }
}

/** The row knows already that there is nothing. */
function unkeptState({ state }: BodyReference): Unreadable | undefined {
  return state === 'full' || state === 'masked' ? undefined : { state }
}

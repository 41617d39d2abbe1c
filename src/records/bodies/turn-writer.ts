import type { Clock, Timer } from '../../core/clock.ts'
import type { Database } from '../../store/database.ts'
import { addTurns, nameSession } from '../../store/turn-content.ts'
import type { Turn } from './body-protocol.ts'

/** Brings what content says of its exchanges into the store, some at a time. What the store does not take is lost with a warning. */
export interface TurnWriter {
  write(turns: readonly Turn[]): void
  /** Resolves when everything so far is written. */
  flush(): Promise<void>
  /** To be called before content goes: what was said of it is written, so that it can go with it, and no name waits for its session any more. */
  settle(which: (title: { readonly session: string; readonly exchangeId: string }) => boolean): Promise<void>
  /** To be called when nothing more comes. */
  close(): Promise<void>
}

export interface TurnWriterParts {
  readonly clock: Clock
  readonly db: Database
  readonly log: { warn(facts: object, message: string): void }
}

/** Long enough for some turns to come together, and for the row of a new session to be there before its title. */
const GATHER_MS = 500
/** So often a title waits for its session. One whose row is refused never comes. */
const TITLE_TRIES = 10
/** More rows than this in one statement make it no cheaper. */
const ROWS_MAX = 100

interface Title {
  readonly id: string
  readonly exchangeId: string
  readonly title: string
  /** The beginning of the first prompt, until there is a better one. */
  readonly isFallback: boolean
  tries: number
}

export function createTurnWriter({ clock, db, log }: TurnWriterParts): TurnWriter {
  let waiting: Turn[] = []
  /** By session. */
  const titles = new Map<string, Title>()
  /** Sessions that were given a name: the beginning of a prompt is needed once. */
  let named = new Set<string>()
  let timer: Timer | undefined
  let writing = Promise.resolve()

  return {
    write(turns) {
      if (turns.length === 0) return
      waiting.push(...turns)
      schedule()
    },
    flush,
    async settle(which) {
      await flush()
      for (const { id, exchangeId } of titles.values()) if (which({ session: id, exchangeId })) titles.delete(id)
    },
    async close() {
      await flush()
      timer?.cancel()
    },
  }

  function schedule(): void {
    timer ??= clock.after(GATHER_MS, () => {
      timer = undefined
      void flush()
    })
  }

  function flush(): Promise<void> {
    writing = writing.then(writeAll).catch((error: unknown) => {
      log.warn({ err: error }, 'facts of turns could not be written')
    })
    return writing
  }

  async function writeAll(): Promise<void> {
    const turns = waiting
    waiting = []
    for (const turn of turns) noteTitle(turn)
    for (let from = 0; from < turns.length; from += ROWS_MAX) {
      await addTurns(db, turns.slice(from, from + ROWS_MAX).map(turnRow))
    }
    for (const title of titles.values()) {
      title.tries += 1
      if ((await nameSession(db, title)) || title.tries === TITLE_TRIES) titles.delete(title.id)
    }
    if (titles.size > 0) schedule()
  }

  function noteTitle({ scope, facts: { exchangeId, title, preview } }: Turn): void {
    if (!isSession(scope)) return
    const name = title ?? (named.has(scope) || titles.has(scope) ? undefined : preview)
    if (name === undefined) return
    titles.set(scope, { id: scope, exchangeId, title: name, isFallback: title === undefined, tries: 0 })
    named.add(scope)
    if (named.size > NAMED_MAX) named = new Set([scope])
  }
}

const NAMED_MAX = 10_000

function isSession(scope: string): boolean {
  return scope.startsWith('ses_')
}

function turnRow({ facts, scope, receivedAt, shelf }: Turn) {
  return {
    id: facts.exchangeId,
    session_key: isSession(scope) ? scope : null,
    received_at: receivedAt,
    shelf,
    fresh_bytes: facts.freshBytes,
    messages: facts.messages,
    first_changed_message: facts.firstChangedMessage ?? null,
    tools_hash: facts.toolsHash ?? null,
    system_hash: facts.systemHash ?? null,
    preview: facts.preview ?? null,
    title: facts.title ?? null,
    tools_called: JSON.stringify(facts.toolsCalled),
  }
}

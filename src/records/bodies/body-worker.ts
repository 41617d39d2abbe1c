import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../core/clock.ts'
import type { BodyShelves } from '../../store/bodies/body-shelves.ts'
import { createSqliteShelves } from '../../store/bodies/sqlite-shelves.ts'
import type {
  Answer,
  BodyWorkerData,
  CarriedJob,
  FromWorker,
  Opening,
  Job,
  JobsMessage,
  Question,
  ShelfPlace,
  ToWorker,
  WantedKey,
  WorkspaceKey,
} from './body-protocol.ts'
import { createRingReader } from './byte-ring.ts'
import { heldShelfOf, shelfDay } from '../shelf.ts'
import { createTurnReader } from '../turns/turn-reader.ts'
import { createChapters } from './chapters.ts'
import { createKeeper } from './keeper.ts'
import { createKeyRing } from './key-ring.ts'
import { createMaskers } from './maskers.ts'
import { createShelfReader } from './read-bodies.ts'

/*
 * The thread that keeps content: it finds what is new, compresses, seals, writes and reads. It holds its bodies in memory of
 * its own, and a disk that is slow stops nobody else. Each thread begins chapters of its own, so one that dies leaves
 * nothing that its successor would have to mend.
 */

if (parentPort === null) throw new Error('body-worker runs as a worker thread of create-transcripts.ts only.')
const port = parentPort
const { place, memoryBytesMax, ring } = workerData as BodyWorkerData

const clock = systemClock
const carried = createRingReader(ring)
const shelves = await openShelves(place)
let lastWanted = 0
const wanted = new Map<number, PromiseWithResolvers<WorkspaceKey | undefined>>()
const keys = createKeyRing({ clock, fetch: fetchKey })
const maskers = createMaskers()
const chapters = createChapters({ memoryBytesMax, maskOf: maskers.maskOf })
const keeper = createKeeper({ clock, shelves, chapters, keys, maskers, turns: createTurnReader() })
const reader = createShelfReader({ clock, shelves, keys })

let working: Promise<void> | undefined
/** Jobs, since the thread began. */
let taken = 0
let worked = 0
/** Ends with the batch that is under way, or else with the next one. */
let batch = Promise.withResolvers<void>()
/** Ends with whoever writes or takes away. Both at once, and a chapter would go while something is added to it. */
let lastTurn: Promise<unknown> = Promise.resolve()

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'ask':
      void reply(message.id, message.question)
      break
    case 'key':
      wanted.get(message.id)?.resolve(message.key)
      wanted.delete(message.id)
      break
    case 'no-key':
      wanted.get(message.id)?.reject(new Error(message.failure))
      wanted.delete(message.id)
      break
    case 'close':
      void close()
      break
    case 'jobs':
      for (const job of unload(message)) {
        keeper.take(job)
        taken += 1
      }
      working ??= workAll()
  }
})
say({ kind: 'ready' })

/** All at once when they arrive, so that the ring has room again. */
function unload({ jobs, given }: JobsMessage): Job[] {
  return (JSON.parse(jobs) as CarriedJob[]).map((job) => {
    const { bytes } = job
    return { ...job, bytes: typeof bytes === 'number' ? given[bytes]! : carried.take(bytes) }
  })
}

function say(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

/** Between two batches whoever asks has a turn. */
async function workAll(): Promise<void> {
  await new Promise(setImmediate)
  while (keeper.isBusy()) {
    const done = await inTurn(() => keeper.work())
    say(done)
    worked += done.jobs
    batch.resolve()
    batch = Promise.withResolvers()
    await new Promise(setImmediate)
  }
  working = undefined
}

function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const turn = lastTurn.then(work)
  lastTurn = turn.catch(() => undefined)
  return turn
}

async function reply(id: number, question: Question): Promise<void> {
  try {
    await waitFor(question)
    const answer = await (READING.has(question.kind) ? answerTo(question) : inTurn(() => answerTo(question)))
    say({ kind: 'answer', id, answer }, ownMemory(answer))
  } catch (error) {
    say({ kind: 'failure', id, message: error instanceof Error ? error.message : String(error) })
  }
}

/** A body is given away, not copied; not a small one, which shares its memory with others. */
function ownMemory(answer: Answer): ArrayBuffer[] {
  if (answer === undefined || !('content' in answer)) return []
  const { buffer, byteLength } = answer.content
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
}

/** What was handed over before a question is found by it; nobody waits for what comes after it, or has nothing to do with it. */
async function waitFor(question: Question): Promise<void> {
  const before = taken
  const concerns = () => {
    if (worked >= before) return false
    if (question.kind === 'list' || question.kind === 'read') return keeper.isBusy(question.reference.exchangeId)
    if (question.kind === 'compare') return keeper.isBusy(question.a.exchangeId) || keeper.isBusy(question.b.exchangeId)
    return true
  }
  while (concerns()) await batch.promise
}

/** These take their time, and what is written meanwhile is nothing to them. */
const READING: ReadonlySet<Question['kind']> = new Set(['list', 'read', 'compare', 'search', 'shelves', 'scopes'])

async function answerTo(question: Question): Promise<Answer> {
  switch (question.kind) {
    case 'list':
      return await reader.list(question.reference)
    case 'read':
      return await reader.read(question.reference, question.body, question.ordinal)
    case 'compare':
      return await reader.compare(question.a, question.b)
    case 'search':
      return await reader.search(question.search)
    case 'delete-scope': {
      const { workspaceId, scope, withRunning } = question
      const isOfScope = (opening: Opening) => opening.scope === scope && opening.workspaceId === workspaceId
      const running = withRunning ? keeper.abandon(isOfScope) : []
      const all = [...new Set([...question.shelves, ...running])]
      chapters.forget((chapter, shelf) => chapter.scope === scope && all.includes(shelf))
      for (const shelf of all) await deleteScope(shelf, workspaceId, scope)
      return all
    }
    case 'delete-exchange': {
      const { exchangeId } = question.reference
      keeper.abandon((opening) => opening.exchangeId === exchangeId)
      const own = await reader.ownSegments(question.reference, isWrittenElsewhere)
      if (own === undefined) return undefined
      // What is written from now on may not point to what goes.
      chapters.forget(({ id }) => own.segments.some(({ chapter }) => chapter === id))
      await shelves.deleteExchange(own.shelf, exchangeId, own.segments)
      return undefined
    }
    case 'forget-workspace':
      keeper.abandon((opening) => opening.workspaceId === question.workspaceId)
      chapters.forget((chapter) => chapter.workspaceId === question.workspaceId)
      keys.forget()
      // Its content has no key any more; the index has never had one.
      for (const shelf of await shelves.list()) await shelves.forgetWords(shelf, question.workspaceId)
      return undefined
    case 'shelves':
      return await shelves.list()
    case 'scopes':
      return await shelves.scopes(question.shelf)
    case 'move-scope':
      chapters.forget((_, shelf) => shelf === question.from)
      await shelves.moveScope(question.from, question.to, question.scope)
      return undefined
    case 'drop-shelf':
      chapters.forget((_, shelf) => shelf === question.shelf)
      await shelves.drop(question.shelf)
      return undefined
    case 'flush':
      return undefined
  }
}

/** A folder is one process's; in a database, what is neither this one's nor of another day may be another one's. */
function isWrittenElsewhere(chapter: string, shelf: string): boolean {
  if ('folder' in place || chapters.isOurs(chapter)) return false
  return (shelfDay(shelf) ?? Infinity) + WRITTEN_MS > clock.now()
}

/** The day of a shelf, and one for whose clock is late. */
const WRITTEN_MS = 2 * 86_400_000

async function deleteScope(shelf: string, workspaceId: string, scope: string): Promise<void> {
  for (const place of [shelf, heldShelfOf(shelf)]) {
    const there = await shelves.scopes(place)
    if (there.some((each) => each.scope === scope && each.workspaceId === workspaceId)) {
      await shelves.deleteScope(place, scope)
    }
  }
}

function fetchKey(which: WantedKey): Promise<WorkspaceKey | undefined> {
  const waiting = Promise.withResolvers<WorkspaceKey | undefined>()
  const id = ++lastWanted
  wanted.set(id, waiting)
  say({ kind: 'want-key', id, wanted: which })
  return waiting.promise
}

/** PostgreSQL's client library is loaded where it is used only: it takes some megabytes. */
async function openShelves(where: ShelfPlace): Promise<BodyShelves> {
  if ('folder' in where) return createSqliteShelves(where)
  const { openPostgresShelves } = await import('../../store/bodies/postgres-shelves.ts')
  return await openPostgresShelves(where.databaseUrl)
}

/** Everything that was handed over is written first. */
async function close(): Promise<void> {
  await working
  await shelves.close()
  port.close()
}

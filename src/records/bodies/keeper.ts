import type { Clock } from '../../core/clock.ts'
import type { BodyShelves } from '../../store/bodies/body-shelves.ts'
import { StoreError } from '../../store/store-error.ts'
import type { Added } from '../segments/chapter-index.ts'
import type { PendingTurn, TurnReader } from '../turns/turn-reader.ts'
import { type Batch, createBatch, writeBody, writeDropped, writeManifest, writeSegment } from './batch.ts'
import type { MaskedRange } from './body-reader.ts'
import { isBody, type Job, type Opening, type Turn, type Worked } from './body-protocol.ts'
import type { Chapter, Chapters } from './chapters.ts'
import { cutWords } from './cut-words.ts'
import type { KeyRing } from './key-ring.ts'
import type { Maskers } from './maskers.ts'

/**
 * Turns what exchanges hand over into chapters on shelves, a batch at a time. What cannot be kept, because a disk is full or
 * a key is not to be had, is counted, and what comes after it is tried again.
 */
export interface Keeper {
  take(job: Job): void
  /** Whether something of this exchange waits; without one, whether anything does. */
  isBusy(exchangeId?: string): boolean
  /** Works on some of what waits. Never rejects. */
  work(): Promise<Worked>
  /** What is still to come of these exchanges is not kept. Returns the shelves on which they have begun. */
  abandon(which: (opening: Opening) => boolean): readonly string[]
}

export interface KeeperParts {
  readonly clock: Clock
  readonly shelves: BodyShelves
  readonly chapters: Chapters
  readonly keys: KeyRing
  readonly maskers: Maskers
  readonly turns: TurnReader
}

/** An exchange that has begun and not ended. */
interface Running {
  readonly opening: Opening
  turn: PendingTurn | undefined
  readonly response: Buffer[]
  isAbandoned: boolean
}

/** So much is worked on in one go, and committed at once; a question that comes in meanwhile waits for it. */
const BATCH_BYTES = 2 * 1024 * 1024
const BATCH_JOBS = 64
/** What cannot be written for ten seconds is lost; a shutdown would not wait longer either. */
const GONE_TRIES = 10
const GONE_PAUSE_MS = 1_000

export function createKeeper({ clock, shelves, chapters, keys, maskers, turns: turnReader }: KeeperParts): Keeper {
  const waiting: Job[] = []
  let working: readonly Job[] = []
  let workingOn: ReadonlySet<string | undefined> = new Set()
  const running = new Map<number, Running>()

  return {
    take(job) {
      if (job.kind === 'begin') {
        running.set(job.exchange, { opening: job.opening, turn: undefined, response: [], isAbandoned: false })
      }
      waiting.push(job)
    },
    isBusy(exchangeId) {
      if (exchangeId === undefined) return working.length > 0 || waiting.length > 0
      return workingOn.has(exchangeId) || waiting.some((job) => nameOf(job) === exchangeId)
    },
    async work() {
      working = takeBatch(waiting)
      // Until the batch is written: an exchange that ends in it is no longer among those that run.
      workingOn = new Set(working.map(nameOf))
      const result = {
        kept: 0,
        lost: 0,
        bytes: 0,
        rawBytes: 0,
        storedBytes: 0,
        failure: undefined as string | undefined,
      }
      const turns: Turn[] = []
      const batches = new Map<string, Batch>()
      for (const job of working) {
        const exchange = running.get(job.exchange)
        result.bytes += releasedBytes(job, exchange)
        // An exchange that began before the last thread died is not known here.
        if (exchange === undefined) continue
        try {
          if (!exchange.isAbandoned) await prepare(exchange, job, batchFor(batches, exchange.opening.shelf), turns)
        } catch (error) {
          // What its chapter believes to be kept may not be.
          chapters.forget(({ scope }) => scope === exchange.opening.scope)
          result.lost += 1
          result.failure = messageOf(error)
        }
        if (job.kind === 'end') running.delete(job.exchange)
      }
      for (const [shelf, batch] of batches) {
        const { rawBytes, storedBytes, manifests } = batch
        try {
          await putPatiently(shelf, batch)
          result.kept += manifests.length
          result.rawBytes += rawBytes
          result.storedBytes += storedBytes
        } catch (error) {
          // Nothing may point to what is not there, and no number of these chapters may be used again.
          chapters.forget((_, of) => of === shelf)
          result.lost += manifests.length
          result.failure = messageOf(error)
        }
      }
      const bodies = working.filter(isBody).length
      const done: Worked = { kind: 'worked', jobs: working.length, bodies, turns, ...result }
      working = []
      workingOn = new Set()
      return done
    },
    abandon(which) {
      const found = [...running.values()].filter(({ opening }) => which(opening))
      for (const exchange of found) exchange.isAbandoned = true
      return found.map(({ opening }) => opening.shelf)
    },
  }

  function nameOf(job: Job): string | undefined {
    return running.get(job.exchange)?.opening.exchangeId
  }

  /** A database that is away for a moment comes back; meanwhile what comes in waits, as far as there is room. */
  async function putPatiently(shelf: string, batch: Batch): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await shelves.put(shelf, batch)
      } catch (error) {
        if (!(error instanceof StoreError && error.fault === 'gone') || tries === GONE_TRIES) throw error
        await new Promise<void>((resolve) => clock.after(GONE_PAUSE_MS, resolve))
      }
    }
  }

  async function prepare(exchange: Running, job: Job, batch: Batch, turns: Turn[]): Promise<void> {
    const { opening } = exchange
    if (job.kind === 'part' && job.part === 'response') {
      exchange.response.push(asBuffer(job.bytes))
      return
    }
    const chapter = chapters.take(opening, await keys.live(opening.workspaceId), clock.now())
    if (job.kind === 'begin') begin(exchange, asBuffer(job.bytes), chapter, batch)
    else if (job.kind === 'end') turns.push(...end(exchange, job, chapter, batch))
    else {
      const { part: kind, ordinal } = job
      const bytes = asBuffer(job.bytes)
      const name = { exchangeId: opening.exchangeId, kind, ordinal }
      if (kind === 'upstream_request') writeBody(batch, chapter, name, bytes, chapter.index.add(bytes))
      else {
        const masked = maskers.maskAnswer(opening.rules, bytes)
        writeBody(batch, chapter, name, bytes, chapter.index.append(masked.bytes, masked.masked))
      }
    }
    chapters.settle()
  }

  function begin(exchange: Running, body: Buffer, chapter: Chapter, batch: Batch): void {
    const { exchangeId, workspaceId, receivedAt, endpoint, rules } = exchange.opening
    const added = chapter.index.add(body)
    writeBody(batch, chapter, { exchangeId, kind: 'client_request', ordinal: 0 }, body, added)
    if (rules.searchable) {
      const words = cutWords(added.fresh.toString('utf8'))
      batch.words.push({ exchangeId, chapter: chapter.stored.id, workspaceId, receivedAt, words })
    }
    if (endpoint === 'messages') exchange.turn = turnReader.begin(exchange.opening, body, added)
  }

  /** The answer and what stood around it lie in one segment: two small ones would be larger. */
  function end(exchange: Running, job: Extract<Job, { kind: 'end' }>, chapter: Chapter, batch: Batch): Turn[] {
    const { opening, turn } = exchange
    const { exchangeId, rules, scope, receivedAt, shelf } = opening
    const answer = Buffer.concat(exchange.response)
    const envelope = asBuffer(job.bytes)
    const isDropped = job.dropped.some(({ kind }) => kind === 'response')
    const keptAnswer = maskers.maskAnswer(rules, isDropped ? Buffer.alloc(0) : answer)
    const keptEnvelope = maskers.maskAnswer(rules, envelope)
    const both = chapter.index.append(Buffer.concat([keptAnswer.bytes, keptEnvelope.bytes]))
    writeSegment(batch, chapter, both)
    const response = { exchangeId, kind: 'response', ordinal: 0 } as const
    for (const dropped of job.dropped) writeDropped(batch, chapter, { exchangeId, ...dropped })
    if (!isDropped && answer.length > 0) {
      writeManifest(batch, chapter, response, answer, within(both, 0, answer.length, keptAnswer.masked))
    }
    const around = within(both, keptAnswer.bytes.length, envelope.length, keptEnvelope.masked)
    writeManifest(batch, chapter, { exchangeId, kind: 'envelope', ordinal: 0 }, envelope, around)
    if (turn === undefined) return []
    const facts = turn.end(keptAnswer.bytes.length === 0 ? undefined : keptAnswer.bytes)
    return [{ facts, scope, receivedAt, shelf }]
  }
}

/** A body that is a stretch of a segment with other things in it. */
function within({ segment, fresh }: Added, from: number, length: number, masked: readonly MaskedRange[]): Added {
  const bytes = fresh.subarray(from, from + length)
  return {
    segment,
    fresh: bytes,
    ranges: [{ segment, offset: from, length }],
    freshRanges: [{ offset: 0, length }],
    masked,
  }
}

function takeBatch(waiting: Job[]): Job[] {
  let bytes = 0
  let count = 0
  while (count < waiting.length && count < BATCH_JOBS && bytes < BATCH_BYTES) bytes += waiting[count++]!.bytes.length
  return waiting.splice(0, count)
}

function batchFor(batches: Map<string, Batch>, shelf: string): Batch {
  let batch = batches.get(shelf)
  if (batch === undefined) batches.set(shelf, (batch = createBatch()))
  return batch
}

/** Pieces of an answer are held until it ends; everything else goes at once. */
function releasedBytes(job: Job, exchange: Running | undefined): number {
  if (exchange === undefined) return job.bytes.length
  if (job.kind === 'part' && job.part === 'response' && !exchange.isAbandoned) return 0
  const held = job.kind === 'end' ? exchange.response.reduce((sum, piece) => sum + piece.length, 0) : 0
  return job.bytes.length + held
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

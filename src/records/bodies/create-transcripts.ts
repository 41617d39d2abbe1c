import type { Clock } from '../../core/clock.ts'
import { byteLength } from '../../core/pieces.ts'
import type { Store } from '../../store/database.ts'
import { shelfOf } from '../shelf.ts'
import {
  type BodyState,
  type Envelope,
  NO_TRANSCRIPT,
  type Transcript,
  type TranscriptOpening,
  type Transcripts,
} from '../transcript.ts'
import type { BodyReader, BodyRemover } from './body-reader.ts'
import { type DroppedBody, type HandedJob, isBody, type ShelfPlace, type Worked } from './body-protocol.ts'
import { type BodyThread, startBodyThread } from './body-thread.ts'
import { createBodyAccess } from './body-access.ts'
import { createRetention } from './retention.ts'
import { createTurnWriter } from './turn-writer.ts'
import { createWorkspaceKeys } from './workspace-keys.ts'

/** Keeps content, and reads it again. */
export interface Bodies extends Transcripts, BodyReader, BodyRemover {
  stats(): BodiesStats
  /** Resolves when everything that was handed over can be read, or is counted as lost. */
  flush(): Promise<void>
  /** Throws away what is past its time; at the start and once a day that happens by itself. */
  forgetExpired(): Promise<void>
  /** To be called when no exchange runs any more. */
  close(): Promise<void>
}

/** Since the process started. */
export interface BodiesStats {
  /** Bodies that are on their shelf. */
  readonly kept: number
  /** Exchanges, and single bodies of exchanges, that were more than could wait. */
  readonly dropped: number
  /** Bodies that were handed over and not kept: a crash, a full disk. */
  readonly lost: number
  /** Of the kept bodies as they were, and as they lie on their shelf. */
  readonly rawBytes: number
  readonly storedBytes: number
  /** Handed over and not yet written, running answers included. */
  readonly queueBytes: number
  /** Times that the thread which keeps content had to be started again. */
  readonly restarts: number
  /** Of the last failure, while it is the last word. */
  readonly lastError: string | undefined
}

export interface BodiesParts {
  readonly clock: Clock
  readonly log: {
    warn(facts: object, message: string): void
    error(facts: object, message: string): void
  }
  readonly store: Store
  /** `content` of the master key. */
  readonly sealing: Buffer
  readonly place: ShelfPlace
  /** Bytes that may wait, running answers included; what comes then is dropped. */
  readonly queueBytesMax?: number
  /** Bytes of recent bodies that are held to compare with. */
  readonly memoryBytesMax?: number
}

const QUEUE_BYTES_MAX = 256 * 1024 * 1024
const MEMORY_BYTES_MAX = 256 * 1024 * 1024
/** An answer is handed over in pieces of this size: small enough for hundreds of streams, large enough for few messages. */
const PIECE_BYTES = 8 * 1024

/**
 * Starts the thread that keeps content, and forgets what is past its time. Rejects when the shelves cannot be opened. On the
 * main thread an exchange costs a copy of its bytes and a few messages; nothing is waited for.
 */
export async function createTranscripts(parts: BodiesParts): Promise<Bodies> {
  const { clock, log, store, sealing, place } = parts
  const { queueBytesMax = QUEUE_BYTES_MAX, memoryBytesMax = MEMORY_BYTES_MAX } = parts
  const counts = { kept: 0, dropped: 0, lost: 0, rawBytes: 0, storedBytes: 0 }
  let queueBytes = 0
  let queuedBodies = 0
  let lastError: string | undefined
  let exchanges = 0

  const keys = createWorkspaceKeys({ db: store.db, clock, sealing })
  const turns = createTurnWriter({ clock, db: store.db, log })
  const thread = await startBodyThread({ clock, place, memoryBytesMax, fetchKey: keys.fetch, onWorked, onDeath })
  const retention = createRetention({ clock, log, db: store.db, thread })
  retention.start()

  return {
    begin,
    ...createBodyAccess({ clock, db: store.db, thread, keys, turns }),
    stats: () => ({ ...counts, queueBytes, restarts: thread.generation - 1, lastError }),
    flush,
    forgetExpired: retention.run,
    async close() {
      await retention.stop()
      await flush()
      await turns.close()
      await thread.close()
    },
  }

  function begin({ request, rules, ...opening }: TranscriptOpening): Transcript {
    if (rules.content === 'metadata') return NOTHING_WANTED
    const shelf = shelfOf(rules.contentDays, clock.now())
    const exchange = ++exchanges
    const isHanded = hand({ kind: 'begin', exchange, opening: { ...opening, rules, shelf }, bytes: [request] })
    if (!isHanded) return NOTHING_KEPT
    const generation = () => thread.generation
    return new HandedTranscript({ exchange, shelf, state: rules.content, hand, lose, generation })
  }

  function lose(bodies: number): void {
    counts.lost += bodies
  }

  /** False when it was dropped. */
  function hand(job: HandedJob): boolean {
    const size = byteLength(job.bytes)
    if (!thread.isUp || (job.kind !== 'end' && queueBytes + size > queueBytesMax)) {
      counts.dropped += 1
      return false
    }
    thread.hand(job)
    queueBytes += size
    if (isBody(job)) queuedBodies += 1
    return true
  }

  function onWorked(worked: Worked): void {
    queueBytes -= worked.bytes
    queuedBodies -= worked.bodies
    counts.kept += worked.kept
    counts.lost += worked.lost
    counts.rawBytes += worked.rawBytes
    counts.storedBytes += worked.storedBytes
    if (worked.failure !== undefined && worked.failure !== lastError) {
      log.error({ lost: worked.lost, reason: worked.failure }, 'content could not be kept')
    }
    if (worked.failure !== undefined || worked.kept > 0) lastError = worked.failure
    turns.write(worked.turns)
  }

  function onDeath(error: Error): void {
    log.error(
      { err: error, lost: queuedBodies },
      'the thread that keeps content has died; what it had not written is lost',
    )
    counts.lost += queuedBodies
    queueBytes = 0
    queuedBodies = 0
    lastError = error.message
  }

  async function flush(): Promise<void> {
    // A thread that has died has nothing left to write.
    if (thread.isUp) await thread.ask({ kind: 'flush' }).catch(() => undefined)
    await turns.flush()
  }
}

const NOTHING_WANTED: Transcript = { ...NO_TRANSCRIPT, state: 'metadata' }
const NOTHING_KEPT: Transcript = { ...NO_TRANSCRIPT, state: 'dropped' }

interface HandedParts {
  readonly exchange: number
  readonly shelf: string
  readonly state: BodyState
  readonly hand: (job: HandedJob) => boolean
  /** Counts bodies that nobody is there for any more. */
  readonly lose: (bodies: number) => void
  readonly generation: () => BodyThread['generation']
}

/** An exchange whose request was handed over. */
class HandedTranscript implements Transcript {
  readonly state: BodyState
  readonly shelf: string
  readonly #parts: HandedParts
  readonly #generation: number
  #piece: Buffer | undefined
  #filled = 0
  #dropped: readonly DroppedBody[] = []
  #hasAnswer = false
  #isResponseDropped = false
  #hasEnded = false

  constructor(parts: HandedParts) {
    this.#parts = parts
    this.state = parts.state
    this.shelf = parts.shelf
    this.#generation = parts.generation()
  }

  upstreamRequest(ordinal: number, pieces: readonly Buffer[]): void {
    this.#hand('upstream_request', ordinal, pieces)
  }

  upstreamError(ordinal: number, bytes: Buffer): void {
    this.#hand('upstream_error', ordinal, [bytes])
  }

  response(bytes: Buffer): void {
    this.#hasAnswer = true
    if (this.#isResponseDropped || this.#hasEnded) return
    for (let from = 0; from < bytes.length;) {
      this.#piece ??= Buffer.allocUnsafeSlow(PIECE_BYTES)
      const length = Math.min(PIECE_BYTES - this.#filled, bytes.length - from)
      this.#piece.set(bytes.subarray(from, from + length), this.#filled)
      this.#filled += length
      from += length
      if (this.#filled === PIECE_BYTES && !this.#handPiece()) return
    }
  }

  end(envelope: Envelope): void {
    if (this.#hasEnded) return
    this.#handPiece()
    this.#hasEnded = true
    const { exchange, hand, lose, generation } = this.#parts
    if (this.#generation !== generation()) {
      lose(this.#hasAnswer ? 2 : 1)
      return
    }
    const bytes = [Buffer.from(JSON.stringify(envelope))]
    hand({ kind: 'end', exchange, bytes, dropped: this.#dropped })
  }

  /** False when it was dropped, and the rest of the answer with it. */
  #handPiece(): boolean {
    if (this.#piece === undefined || this.#filled === 0) return true
    const piece = this.#piece.subarray(0, this.#filled)
    this.#filled = 0
    this.#isResponseDropped = !this.#hand('response', 0, [piece])
    return !this.#isResponseDropped
  }

  /** The thread that knows this exchange may be gone; its successor would not know what to do with the rest. */
  #hand(part: DroppedBody['kind'], ordinal: number, bytes: readonly Buffer[]): boolean {
    const { exchange, hand, generation } = this.#parts
    if (this.#hasEnded || this.#generation !== generation()) return false
    const isHanded = hand({ kind: 'part', exchange, part, ordinal, bytes })
    if (!isHanded) this.#dropped = [...this.#dropped, { kind: part, ordinal }]
    return isHanded
  }
}

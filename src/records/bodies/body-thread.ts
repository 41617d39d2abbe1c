import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Clock, Timer } from '../../core/clock.ts'
import { byteLength, copyPieces } from '../../core/pieces.ts'
import type {
  Answer,
  BodyWorkerData,
  BodyWorkerOptions,
  CarriedJob,
  FromWorker,
  HandedJob,
  Question,
  ToWorker,
  WantedKey,
  Worked,
  WorkspaceKey,
} from './body-protocol.ts'
import { createRingWriter, type RingWriter } from './byte-ring.ts'

/** The thread that keeps content, from outside. When it dies, another one takes its place. */
export interface BodyThread {
  /** Counts up with each thread: what was begun with one is unknown to the next. */
  readonly generation: number
  /** False while there is none to hand anything to. */
  readonly isUp: boolean
  /** Its bytes are copied: they are the caller's own again. */
  hand(job: HandedJob): void
  ask<Kind extends Question['kind']>(question: Extract<Question, { kind: Kind }>): Promise<Answer<Kind>>
  /** Waits until everything that was handed over is written. */
  close(): Promise<void>
}

export interface BodyThreadParts extends BodyWorkerOptions {
  readonly clock: Clock
  readonly fetchKey: (wanted: WantedKey) => Promise<WorkspaceKey | undefined>
  readonly onWorked: (worked: Worked) => void
  /** What was handed over and not worked on is lost. */
  readonly onDeath: (error: Error) => void
}

/** A message costs more than a job, because it wakes the other thread. Whoever reads has everything sent at once. */
const GATHER_MS = 20
/** More than this does not wait: the ring is for what comes meanwhile. */
const GATHER_BYTES_MAX = 2 * 1024 * 1024

/** For what is on its way: some dozen bodies of the usual size. Small enough to stay in the caches of a processor for the most part. */
const RING_BYTES = 8 * 1024 * 1024

/** A thread that dies again and again is started ever more slowly. */
const RESTART_FIRST_MS = 100
const RESTART_LAST_MS = 60_000

/** Rejects when the first thread cannot begin its work, for instance because it may not write to the folder. */
export async function startBodyThread(parts: BodyThreadParts): Promise<BodyThread> {
  const { clock, fetchKey, onWorked, onDeath, place, memoryBytesMax } = parts
  const asked = new Map<number, PromiseWithResolvers<Answer>>()
  let lastId = 0
  let generation = 0
  let worker: Worker | undefined
  let isClosing = false
  let restartMs = RESTART_FIRST_MS
  let exited = Promise.resolve()
  /** Handed over, and on their way together in a moment. */
  let jobs: CarriedJob[] = []
  let given: Uint8Array<ArrayBuffer>[] = []
  let gatheredBytes = 0
  let ring: RingWriter | undefined
  let timer: Timer | undefined

  await start()
  return {
    get generation() {
      return generation
    },
    get isUp() {
      return worker !== undefined && !isClosing
    },
    hand,
    async ask<Kind extends Question['kind']>(question: Extract<Question, { kind: Kind }>) {
      const id = ++lastId
      const waiting = Promise.withResolvers<Answer>()
      handAll()
      post({ kind: 'ask', id, question })
      asked.set(id, waiting)
      return (await waiting.promise) as Answer<Kind>
    },
    async close() {
      isClosing = true
      handAll()
      worker?.postMessage({ kind: 'close' } satisfies ToWorker)
      await exited
    },
  }

  function hand(job: HandedJob): void {
    jobs.push({ ...job, bytes: carry(job.bytes) })
    gatheredBytes += byteLength(job.bytes)
    if (gatheredBytes > GATHER_BYTES_MAX) handAll()
    else timer ??= clock.after(GATHER_MS, handAll)
  }

  function carry(pieces: readonly Uint8Array[]): CarriedJob['bytes'] {
    const slice = ring?.put(pieces)
    if (slice !== undefined) return slice
    const copy = new Uint8Array(Buffer.allocUnsafeSlow(byteLength(pieces)).buffer)
    copyPieces(pieces, copy, 0)
    return given.push(copy) - 1
  }

  function handAll(): void {
    if (jobs.length > 0) {
      post(
        { kind: 'jobs', jobs: JSON.stringify(jobs), given },
        given.map(({ buffer }) => buffer),
      )
    }
    forgetJobs()
  }

  /** They are with the thread, or lost with it. */
  function forgetJobs(): void {
    timer?.cancel()
    timer = undefined
    jobs = []
    given = []
    gatheredBytes = 0
  }

  function post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    if (worker === undefined) throw new Error('The thread that keeps content is not running.')
    worker.postMessage(message, transfer)
  }

  async function start(): Promise<void> {
    // Source runs as .ts and a build as .js; the thread's file has the same extension as this one.
    const extension = extname(new URL(import.meta.url).pathname)
    const carrier = createRingWriter(RING_BYTES)
    const made = new Worker(new URL(`./body-worker${extension}`, import.meta.url), {
      workerData: { place, memoryBytesMax, ring: carrier.memory } satisfies BodyWorkerData,
      env: {},
      name: 'bodies',
    })
    const ready = Promise.withResolvers<void>()
    exited = new Promise((resolve) => made.once('exit', () => resolve()))
    let failure: Error | undefined
    made.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') {
        restartMs = RESTART_FIRST_MS
        ready.resolve()
      } else hear(made, message)
    })
    made.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error))
    })
    made.on('exit', () => {
      const reason = failure ?? new Error('The thread that keeps content has ended.')
      ready.reject(reason)
      if (worker === made) die(reason)
    })
    await ready.promise
    worker = made
    ring = carrier
    generation += 1
  }

  function die(reason: Error): void {
    worker = undefined
    ring = undefined
    forgetJobs()
    for (const waiting of asked.values()) waiting.reject(reason)
    asked.clear()
    if (isClosing) return
    onDeath(reason)
    restart()
  }

  function restart(): void {
    clock.after(restartMs, () => {
      restartMs = Math.min(restartMs * 2, RESTART_LAST_MS)
      if (!isClosing) start().catch(restart)
    })
  }

  function hear(from: Worker, message: Exclude<FromWorker, { kind: 'ready' }>): void {
    switch (message.kind) {
      case 'worked':
        onWorked(message)
        break
      case 'answer':
        asked.get(message.id)?.resolve(message.answer)
        asked.delete(message.id)
        break
      case 'failure':
        asked.get(message.id)?.reject(new Error(message.message))
        asked.delete(message.id)
        break
      case 'want-key':
        void tellKey(from, message.id, message.wanted)
        break
    }
  }

  async function tellKey(to: Worker, id: number, wanted: WantedKey): Promise<void> {
    let answer: ToWorker
    try {
      answer = { kind: 'key', id, key: await fetchKey(wanted) }
    } catch (error) {
      answer = { kind: 'no-key', id, failure: error instanceof Error ? error.message : String(error) }
    }
    to.postMessage(answer)
  }
}

import type { RecordRules } from '../../core/record-rules.ts'
import type { TurnFacts } from '../turn.ts'
import type { RingMemory, RingSlice } from './byte-ring.ts'
import type { BodyKind, BodyReference, BodySearch, ByteRange, KeptBody, ReadBody } from './body-reader.ts'

/* What the main thread and the thread that keeps content say to each other. */

/** Where the shelves are. */
export type ShelfPlace = { readonly folder: string } | { readonly databaseUrl: string }

export interface BodyWorkerOptions {
  readonly place: ShelfPlace
  /** Of recent bodies that are held to compare with. */
  readonly memoryBytesMax: number
}

/** What the thread gets as well, from whoever starts it: each thread has a ring of its own. */
export interface BodyWorkerData extends BodyWorkerOptions {
  readonly ring: RingMemory
}

/** An exchange that begins, as far as keeping it needs to know. */
export interface Opening {
  readonly exchangeId: string
  readonly endpoint: 'messages' | 'count_tokens'
  readonly workspaceId: string
  readonly scope: string
  readonly agentId: string | undefined
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly shelf: string
  readonly rules: RecordRules
}

/** Content to be kept. */
export type Job = JobWith<Uint8Array>

/** The same as it is handed over: bytes may lie in pieces that follow each other. */
export type HandedJob = JobWith<readonly Uint8Array[]>

/** The same on its way: bytes lie in the ring, or have this place among those that are given. */
export type CarriedJob = JobWith<RingSlice | number>

/** `exchange` numbers the exchanges of this process. */
type JobWith<Bytes> =
  | { readonly kind: 'begin'; readonly exchange: number; readonly opening: Opening; readonly bytes: Bytes }
  | {
      readonly kind: 'part'
      readonly exchange: number
      readonly part: 'upstream_request' | 'upstream_error' | 'response'
      readonly ordinal: number
      readonly bytes: Bytes
    }
  | {
      readonly kind: 'end'
      readonly exchange: number
      /** The Envelope as JSON. */
      readonly bytes: Bytes
      /** Bodies that are not kept because they were more than could wait, or a piece of them was. */
      readonly dropped: readonly DroppedBody[]
    }

/** Whether a job is of a body, or of more than one; pieces of an answer are not, but its end is. */
export function isBody(job: JobWith<unknown>): boolean {
  return job.kind !== 'part' || job.part !== 'response'
}

export interface DroppedBody {
  readonly kind: Extract<JobWith<never>, { kind: 'part' }>['part']
  readonly ordinal: number
}

/** Jobs on their way. */
export interface JobsMessage {
  readonly kind: 'jobs'
  /** JSON of `CarriedJob[]`: one text crosses for less than its members one by one. */
  readonly jobs: string
  /** Bytes for which the ring had no room. */
  readonly given: readonly Uint8Array[]
}

/** What can be asked. Each answer's type stands beside its question, in `Answers`. */
export type Question =
  | { readonly kind: 'list'; readonly reference: BodyReference }
  | {
      readonly kind: 'read'
      readonly reference: BodyReference
      readonly body: BodyKind
      readonly ordinal: number | undefined
    }
  | { readonly kind: 'compare'; readonly a: BodyReference; readonly b: BodyReference }
  | { readonly kind: 'search'; readonly search: BodySearch }
  | {
      readonly kind: 'delete-scope'
      readonly workspaceId: string
      readonly scope: string
      readonly shelves: readonly string[]
      /** Exchanges that run are ended too, wherever they lie; their rows are not there yet to say so. */
      readonly withRunning: boolean
    }
  | { readonly kind: 'delete-exchange'; readonly reference: BodyReference }
  | { readonly kind: 'forget-workspace'; readonly workspaceId: string }
  | { readonly kind: 'shelves' }
  | { readonly kind: 'scopes'; readonly shelf: string }
  | { readonly kind: 'move-scope'; readonly from: string; readonly to: string; readonly scope: string }
  | { readonly kind: 'drop-shelf'; readonly shelf: string }
  | { readonly kind: 'flush' }

/** `absent`: nothing of the exchange is on its shelf; why is for those to say who know the rows. */
export type Missing = { readonly state: 'absent' | 'none' | 'dropped' | 'lost' | 'deleted' | 'damaged' }

export interface Answers {
  list: { readonly state: 'readable'; readonly bodies: readonly KeptBody[] } | Missing
  read: Extract<ReadBody, { state: 'readable' }> | Missing
  compare: { readonly state: 'readable'; readonly fresh: readonly ByteRange[] } | Missing
  search: { readonly exchangeIds: readonly string[]; readonly complete: boolean }
  /** The shelves that something went from, as far as is known. */
  'delete-scope': readonly string[]
  'delete-exchange': undefined
  'forget-workspace': undefined
  shelves: readonly string[]
  scopes: readonly { scope: string; workspaceId: string }[]
  'move-scope': undefined
  'drop-shelf': undefined
  flush: undefined
}

export type Answer<Kind extends Question['kind'] = Question['kind']> = Answers[Kind]

/** A workspace's key, or undefined for one that was shredded. */
export interface WorkspaceKey {
  readonly id: string
  readonly bytes: Uint8Array
}

/** Which key is wanted: the one to write with, or the one that a chapter names. */
export type WantedKey = { readonly workspaceId: string } | { readonly keyId: string }

export type ToWorker =
  | JobsMessage
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'key'; readonly id: number; readonly key: WorkspaceKey | undefined }
  | { readonly kind: 'no-key'; readonly id: number; readonly failure: string }
  | { readonly kind: 'close' }

/** What came of some jobs. */
export interface Worked {
  readonly kind: 'worked'
  readonly jobs: number
  /** What those jobs were of: pieces of an answer count with its end. */
  readonly bodies: number
  /** Bytes that no longer wait. */
  readonly bytes: number
  readonly kept: number
  readonly lost: number
  readonly rawBytes: number
  readonly storedBytes: number
  readonly turns: readonly Turn[]
  /** Why some were lost. */
  readonly failure: string | undefined
}

/** Facts of a turn, with where it belongs. */
export interface Turn {
  readonly facts: TurnFacts
  readonly scope: string
  readonly receivedAt: number
  readonly shelf: string
}

export type FromWorker =
  | { readonly kind: 'ready' }
  | Worked
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string }
  | { readonly kind: 'want-key'; readonly id: number; readonly wanted: WantedKey }

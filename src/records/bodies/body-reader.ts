import type { BodyState } from '../transcript.ts'

/** `client_request`: as the client sent it; `upstream_request`: as a call sent it, where that differs; `response`: as the client got it. */
export type BodyKind = 'client_request' | 'upstream_request' | 'response' | 'upstream_error' | 'envelope'

/** What is needed of a row to find its content. */
export interface BodyReference {
  readonly exchangeId: string
  readonly workspaceId: string
  readonly state: BodyState
  readonly shelf: string | null
}

/** One body that is kept. */
export interface KeptBody {
  readonly kind: BodyKind
  /** Number of the call; 0 for what belongs to the exchange as a whole. */
  readonly ordinal: number
  readonly bytes: number
  /** How many of them were not in the session before. */
  readonly freshBytes: number
  /** Of what was sent, in hex, also where what is kept is masked. */
  readonly sha256: string
  /** What was masked: from, length and the rule's name, in bytes of the body. */
  readonly masked: readonly MaskedRange[]
}

export interface MaskedRange {
  readonly offset: number
  readonly length: number
  readonly rule: string
}

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/**
 * Why content cannot be read. `expired`: its time is over; `deleted`: somebody has deleted it, or destroyed its key;
 * `lost`: a crash or a failing disk came before it was kept; `damaged`: it does not come to its own hash any more.
 */
export type Unreadable = {
  readonly state: 'metadata' | 'dropped' | 'none' | 'expired' | 'deleted' | 'lost' | 'damaged'
}

export type ReadBody =
  | (KeptBody & { readonly state: 'readable'; readonly content: Buffer; readonly fresh: readonly ByteRange[] })
  | Unreadable

/** Reads what transcripts have kept. Off the main thread; what was handed over before the call is found. */
export interface BodyReader {
  /** Everything that is kept of an exchange. */
  list(
    reference: BodyReference,
  ): Promise<{ readonly state: 'readable'; readonly bodies: readonly KeptBody[] } | Unreadable>
  /** One body, as it was sent (or masked), its hash checked, with the ranges that were new in its session. */
  read(reference: BodyReference, kind: BodyKind, ordinal?: number): Promise<ReadBody>
  /** Where two requests of one session differ: the ranges of `b` that are not in `a`. Compares manifests first, bytes only where they differ. */
  compare(
    a: BodyReference,
    b: BodyReference,
  ): Promise<{ readonly state: 'readable'; readonly fresh: readonly ByteRange[] } | Unreadable>
  /** Exchanges in whose fresh text all the words stand, newest first. Only workspaces that have opted in have an index. */
  search(question: BodySearch): Promise<BodySearchAnswer>
}

export interface BodySearch {
  readonly workspaceIds: readonly string[]
  readonly words: string
  /** Milliseconds since the epoch; days outside are not looked into. */
  readonly since: number
  readonly until: number
  readonly limit: number
  /** Milliseconds after which the search ends with what it has found. */
  readonly timeoutMs: number
}

export interface BodySearchAnswer {
  readonly exchangeIds: readonly string[]
  /** False when the time or the limit ended it. */
  readonly complete: boolean
}

/** Makes content go away. */
export interface BodyRemover {
  /** All bodies of a session (or of a key's exchanges without one), on these shelves. */
  deleteScope(workspaceId: string, scope: string, shelves: readonly string[]): Promise<void>
  /** One exchange; bytes that later turns of its session share with it stay until the session goes. */
  deleteExchange(reference: BodyReference): Promise<void>
  /** Destroys the key of a workspace: nothing that was kept of it can be read any more, wherever a copy lies. */
  shred(workspaceId: string): Promise<void>
}

import type { RecordRules } from '../core/record-rules.ts'

/**
 * What became of the content of an exchange, as its row says it. `full`, `masked`: it was handed over to be kept; whether
 * it can still be read is the reader's to say. `metadata`: nobody wanted it kept. `dropped`: it was more than could be kept
 * at that moment. `none`: there was none, because no body was read.
 */
export type BodyState = 'full' | 'masked' | 'metadata' | 'dropped' | 'none'

/** Takes the content of exchanges off the hot path. Nothing here throws or waits; what had to be dropped is counted. */
export interface Transcripts {
  begin(opening: TranscriptOpening): Transcript
}

/** An exchange whose body has just been read. */
export interface TranscriptOpening {
  /** `req_…` */
  readonly exchangeId: string
  readonly endpoint: 'messages' | 'count_tokens'
  readonly workspaceId: string
  /** What its bodies have their common parts with: the session, or the key where there is none. */
  readonly scope: string
  /** Whose line of requests it is within the scope, as the client tells it; undefined for the main one. */
  readonly agentId: string | undefined
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly rules: RecordRules
  /** The client's request, decompressed. Not changed by anybody from now on. */
  readonly request: Buffer
}

/** Keeps one exchange as it goes on. It ends once, with `end`. */
export interface Transcript {
  /** As it stands now; final once `end` has returned. */
  readonly state: BodyState
  /** Where its content lies: a class of retention and a day, as records/shelf.ts writes it. Undefined when none is kept. */
  readonly shelf: string | undefined
  /** What a call sent, in pieces, where that differs from the client's request. `ordinal` is the number of the call in the exchange. */
  upstreamRequest(ordinal: number, pieces: readonly Buffer[]): void
  /** The answer of a call that failed while nothing of it had reached the client, who may yet get the last such answer. */
  upstreamError(ordinal: number, bytes: Buffer): void
  /** Bytes on their way to the client. They are copied: the caller's buffer is its own again. */
  response(bytes: Buffer): void
  end(envelope: Envelope): void
}

/** What stood around the bodies. Names and values of headers alternate; secrets are masked already. */
export interface Envelope {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly requestHeaders: readonly string[]
  readonly status: number
  readonly responseHeaders: readonly string[]
  /** The refusal or the break in our words, where there was one. */
  readonly error: { readonly code: string; readonly message: string } | undefined
}

/** For a caller of whom nothing is kept, and for tests that do not ask. */
export const NO_TRANSCRIPT: Transcript = {
  state: 'none',
  shelf: undefined,
  upstreamRequest: () => undefined,
  upstreamError: () => undefined,
  response: () => undefined,
  end: () => undefined,
}

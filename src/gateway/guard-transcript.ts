import {
  NO_TRANSCRIPT,
  type Envelope,
  type Transcript,
  type TranscriptOpening,
  type Transcripts,
} from '../records/transcript.ts'

/**
 * Begins a transcript that cannot harm its exchange: the first thing that is thrown inside it ends it, and `failed` is told,
 * once. What is kept of such an exchange is nothing.
 */
export function beginGuarded(
  transcripts: Transcripts,
  opening: TranscriptOpening,
  failed: (problem: unknown) => void,
): Transcript {
  try {
    return new GuardedTranscript(transcripts.begin(opening), failed)
  } catch (problem) {
    failed(problem)
    return DROPPED
  }
}

const DROPPED: Transcript = { ...NO_TRANSCRIPT, state: 'dropped' }

class GuardedTranscript implements Transcript {
  #transcript: Transcript
  readonly #failed: (problem: unknown) => void

  constructor(transcript: Transcript, failed: (problem: unknown) => void) {
    this.#transcript = transcript
    this.#failed = failed
  }

  get state(): Transcript['state'] {
    return this.#transcript.state
  }

  get shelf(): string | undefined {
    return this.#transcript.shelf
  }

  upstreamRequest(ordinal: number, pieces: readonly Buffer[]): void {
    this.#try(() => this.#transcript.upstreamRequest(ordinal, pieces))
  }

  upstreamError(ordinal: number, bytes: Buffer): void {
    this.#try(() => this.#transcript.upstreamError(ordinal, bytes))
  }

  /** Without a closure: it is called for every event of a stream. */
  response(bytes: Buffer): void {
    try {
      this.#transcript.response(bytes)
    } catch (problem) {
      this.#giveUp(problem)
    }
  }

  end(envelope: Envelope): void {
    this.#try(() => this.#transcript.end(envelope))
  }

  #try(act: () => void): void {
    try {
      act()
    } catch (problem) {
      this.#giveUp(problem)
    }
  }

  #giveUp(problem: unknown): void {
    this.#transcript = DROPPED
    this.#failed(problem)
  }
}

import type { Envelope, Transcript, TranscriptOpening, Transcripts } from '../../src/records/transcript.ts'

/** Everything that was taken down of one exchange, in copies made at that moment. */
export interface Remembered {
  readonly opening: TranscriptOpening
  readonly request: Buffer
  readonly upstreamRequests: [ordinal: number, bytes: Buffer][]
  readonly upstreamErrors: [ordinal: number, bytes: Buffer][]
  readonly response: Buffer[]
  /** One, unless somebody ends it twice. */
  readonly ends: Envelope[]
}

export interface RememberedTranscripts extends Transcripts {
  readonly all: Remembered[]
}

/** Keeps everything, in memory, where a test can look at it. Like the real one it copies what it is told. */
export function rememberTranscripts(): RememberedTranscripts {
  const all: Remembered[] = []
  return {
    all,
    begin(opening): Transcript {
      const seen: Remembered = {
        opening,
        request: Buffer.from(opening.request),
        upstreamRequests: [],
        upstreamErrors: [],
        response: [],
        ends: [],
      }
      all.push(seen)
      return {
        state: opening.rules.content,
        shelf: `${opening.rules.contentDays}d-20261123`,
        upstreamRequest: (ordinal, pieces) => void seen.upstreamRequests.push([ordinal, Buffer.concat(pieces)]),
        upstreamError: (ordinal, bytes) => void seen.upstreamErrors.push([ordinal, Buffer.from(bytes)]),
        response: (bytes) => void seen.response.push(Buffer.from(bytes)),
        end: (envelope) => void seen.ends.push(envelope),
      }
    },
  }
}

import type { ReportedUsage } from '../../core/usage.ts'

/**
 * Looks at a copy of an upstream answer while the bytes go by: what was used, by which model, and how it ended. Nothing it
 * meets makes it throw, because a broken answer is still relayed and still costs money.
 */
export interface AnswerTap extends AnswerFacts {
  push(chunk: Buffer): void
  /**
   * No more bytes will come, whether the answer is whole or was cut. `seen` is called once the facts are final: at once, or,
   * for a compressed answer, when the last byte is decoded.
   */
  end(seen?: () => void): void
}

/** What the bytes so far have told. */
export interface AnswerFacts {
  /** `message_start` came, or a whole JSON answer. */
  readonly started: boolean
  /** The first event of a content block came: from here on the answer belongs to the client. */
  readonly contentStarted: boolean
  /** `message_stop` came, or a whole JSON answer. An upstream that ends its stream without it has failed. */
  readonly finished: boolean
  /** Why the model stopped; it is known before `finished`, and Claude Code is content with it. */
  readonly stopReason: string | undefined
  /** The model that the answer names. */
  readonly modelServed: string | undefined
  /** An `error` event in the stream, or an error envelope as the JSON answer. */
  readonly errorEvent: AnswerError | undefined
  /** The tap gave up: an encoding it does not know, or more bytes than it is willing to keep. The facts stay as they were. */
  readonly abandoned: boolean
  /** Output tokens guessed from the bytes of content that went by. */
  readonly outputEstimate: number
  /** The answer told its input tokens; if not, `report()` counts none and the caller has to estimate them. */
  readonly inputReported: boolean
  /** The answer told its final output tokens; if not, `report()` counts the estimate. */
  readonly outputReported: boolean
  /** The usage to bill. */
  report(): ReportedUsage
}

/** `error.type` and `error.message` of an upstream's error, as far as it had them. */
export interface AnswerError {
  readonly type: string
  readonly message: string
}

import type { HeaderLines } from '../../core/headers.ts'
import type { TokenUsage } from '../../core/usage.ts'

/**
 * What the scripted provider does with one request, step by step. A scene is worked out before its first step is played,
 * from the request's bytes alone, so that the same request always gets the same answer.
 */
export interface Scene {
  readonly steps: readonly Step[]
}

export type Step =
  | { readonly kind: 'head'; readonly status: number; readonly headers: HeaderLines }
  | BytesStep
  /** Nothing happens for so many milliseconds. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** The connection breaks. */
  | { readonly kind: 'cut' }
  /** Nothing happens any more, and the connection stays open. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'end' }

export interface BytesStep {
  readonly kind: 'bytes'
  readonly bytes: Buffer
  /** What a provider would charge if the answer stopped after these bytes. */
  readonly billed?: TokenUsage
}

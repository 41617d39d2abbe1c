import type { HeaderLines } from '../../core/headers.ts'
import { replaceValue, splice } from '../../core/json.ts'
import type { Change, ModelCall, Upstream } from '../adapter.ts'

/** How a platform wants the Messages body to be shaped, beyond what it takes and refuses. */
export interface BodyShape {
  /** Members that travel elsewhere (in the path) and leave the body. */
  readonly without: readonly string[]
  /** Members that stand in the body alone, as JSON text, such as `anthropic_version`. */
  readonly extra: Readonly<Record<string, string>>
  /** Betas travel as `anthropic_beta` in the body instead of as a header. */
  readonly betasInBody: boolean
}

/** The Messages body as Anthropic has it. */
export const MESSAGES_BODY: BodyShape = { without: [], extra: {}, betasInBody: false }

export interface Translation {
  readonly body: Buffer
  /** Set while `body` is still compressed as the client sent it. */
  readonly contentEncoding: string | undefined
  /** The client's headers, with `anthropic-beta` as this target takes it; the very same lines when nothing had to change. */
  readonly headers: HeaderLines
  readonly changes: readonly Change[]
}

/**
 * The client's request as one target takes it: pure, and always from the original, never from an earlier attempt's translation. Edits are
 * splices of the bytes, so that key order, number spelling and everything nobody named survive.
 *
 * Throws `target.incapable` for a request that this target cannot serve at all.
 */
export function translate(call: ModelCall, _upstream: Upstream, _shape: BodyShape): Translation {
  const { body, wireModel } = call
  const model = body.members.find('model')
  const unchanged = model === undefined || JSON.stringify(wireModel) === textOf(call, model.valueStart, model.valueEnd)
  if (unchanged) {
    const { compressed } = body
    return {
      body: compressed?.bytes ?? body.bytes,
      contentEncoding: compressed?.coding,
      headers: call.headers,
      changes: [],
    }
  }
  const edited = splice(body.bytes, [replaceValue(model, JSON.stringify(wireModel))])
  return { body: edited, contentEncoding: undefined, headers: call.headers, changes: [] }
}

function textOf({ body }: ModelCall, start: number, end: number): string {
  return body.bytes.toString('utf8', start, end)
}

import { estimateTokens } from '../../core/estimate-tokens.ts'
import { weighBody } from '../../limits/bound.ts'
import type { CallBody } from '../../providers/adapter.ts'

/** No model reads more at once. */
const CONTEXT_TOKENS_MAX = 1_000_000

/** Tokens of input that a body can be expected to have: by its size, but for pictures, which come to less than their bytes. */
export function estimateInput(body: CallBody): number {
  return Math.min(estimateTokens(Math.min(weighBody(body), body.bytes.length)), CONTEXT_TOKENS_MAX)
}

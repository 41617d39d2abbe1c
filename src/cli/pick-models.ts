import { DEFAULT_SMALL_MODEL } from './settings-block.ts'

/** The model for side calls, and the one for a first try, out of those a key may use. */
export interface PickedModels {
  readonly small: string
  readonly ping: string
}

/** An empty list means the gateway did not say; then the usual names are tried. */
export function pickModels(allowed: readonly string[], wanted: string | undefined): PickedModels {
  const named = wanted === undefined ? undefined : modelOnTheWire(wanted)
  const small =
    allowed.find((id) => id === DEFAULT_SMALL_MODEL) ??
    allowed.find((id) => id.endsWith(`/${DEFAULT_SMALL_MODEL}`)) ??
    allowed.find((id) => id.includes('haiku')) ??
    (allowed.length === 0 ? DEFAULT_SMALL_MODEL : (named ?? allowed.find((id) => id.includes('claude')))) ??
    DEFAULT_SMALL_MODEL
  return { small, ping: named ?? small }
}

/** The id that Claude Code sends for a chosen model; undefined for an alias, whose id only the client knows. */
export function modelOnTheWire(chosen: string): string | undefined {
  const id = chosen.replace(/\[1m\]$/, '')
  return /^(default|best|opus|sonnet|haiku|fable|opusplan)$/.test(id) ? undefined : id
}

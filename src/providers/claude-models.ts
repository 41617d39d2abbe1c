/** What a picker needs to know of a model. */
export interface ClaudeModel {
  readonly id: string
  readonly name: string
  /** Tokens of the whole window. */
  readonly contextTokens: number
  /** Tokens of one answer at most. */
  readonly outputTokens: number
}

/**
 * The models that Anthropic offers to everybody, by the names of its own API, newest line first; as of 23 November 2026. It fills listings
 * alone: a provider that allows all models also takes names that do not stand here.
 */
export const CLAUDE_MODELS: readonly ClaudeModel[] = [
  { id: 'claude-fable-5-2', name: 'Claude Fable 5.2', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-fable-5-1', name: 'Claude Fable 5.1', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-fable-5', name: 'Claude Fable 5', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-opus-5-5', name: 'Claude Opus 5.5', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-opus-5', name: 'Claude Opus 5', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-opus-4-8', name: 'Claude Opus 4.8', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-opus-4-7', name: 'Claude Opus 4.7', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-opus-4-6', name: 'Claude Opus 4.6', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-opus-4-5', name: 'Claude Opus 4.5', contextTokens: 200_000, outputTokens: 64_000 },
  { id: 'claude-sonnet-5-5', name: 'Claude Sonnet 5.5', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-sonnet-5', name: 'Claude Sonnet 5', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-sonnet-4-6', name: 'Claude Sonnet 4.6', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-sonnet-4-5', name: 'Claude Sonnet 4.5', contextTokens: 200_000, outputTokens: 64_000 },
  { id: 'claude-haiku-5-5', name: 'Claude Haiku 5.5', contextTokens: 1_000_000, outputTokens: 128_000 },
  { id: 'claude-haiku-4-5', name: 'Claude Haiku 4.5', contextTokens: 200_000, outputTokens: 64_000 },
]

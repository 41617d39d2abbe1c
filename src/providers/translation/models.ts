import { plainModelName } from '../../core/model-names.ts'

/** Levels of `output_config.effort`, the least first. */
export const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const

/** What a model takes in a request. Source, unless a row says otherwise: Anthropic's model overview and migration guides. */
export interface ModelTraits {
  /** Of the line: 4.5 is where the tables begin. */
  readonly generation: number
  readonly family: 'fable' | 'haiku' | 'mythos' | 'opus' | 'sonnet'
  /**
   * `always`: it cannot be turned off, and a budget is refused. `adaptive`: adaptive or none. `both`: adaptive, or a budget. `budget`: a budget
   * or none.
   */
  readonly thinking: 'always' | 'adaptive' | 'both' | 'budget'
  /** Levels of effort it knows; none where `effort` itself is refused. */
  readonly efforts: readonly string[]
  /** Takes messages of role `system` between the others. */
  readonly systemMessages: boolean
  /** Takes `temperature`, `top_p` and `top_k` freely; else only values that change nothing. */
  readonly sampling: boolean
  /** Takes a last message of the assistant, to go on from. */
  readonly prefill: boolean
  /** Takes `tool_choice` of type `any` or `tool`. */
  readonly forcedTool: boolean
  /** Tokens of one answer at most. */
  readonly outputTokensMax: number
}

/** The newest generation: how a model is treated that nobody knows, because new names are likelier than forgotten ones. */
const NEWEST: ModelTraits = {
  generation: 5.5,
  family: 'opus',
  thinking: 'always',
  efforts: EFFORTS,
  systemMessages: true,
  sampling: false,
  prefill: false,
  forcedTool: false,
  outputTokensMax: 128_000,
}

const FABLE: ModelTraits = { ...NEWEST, family: 'fable', generation: 5.2 }
const SONNET_5_5: ModelTraits = { ...NEWEST, family: 'sonnet', thinking: 'adaptive' }
const OPUS_5: ModelTraits = { ...NEWEST, generation: 5, thinking: 'adaptive', forcedTool: true }
/** The last generation that takes both shapes of thinking, and sampling; the first with a window of a million and 128,000 tokens of answer. */
const OPUS_4_6: ModelTraits = {
  ...OPUS_5,
  generation: 4.6,
  thinking: 'both',
  efforts: ['low', 'medium', 'high', 'max'],
  systemMessages: false,
  sampling: true,
}
const OPUS_4_5: ModelTraits = {
  ...OPUS_4_6,
  generation: 4.5,
  thinking: 'budget',
  efforts: ['low', 'medium', 'high'],
  prefill: true,
  outputTokensMax: 64_000,
}
const SONNET_4_5: ModelTraits = { ...OPUS_4_5, family: 'sonnet', efforts: [] }

/** By plain names. A name that begins with one of these and goes on otherwise is another model. */
export const MODELS: Readonly<Record<string, ModelTraits>> = {
  'claude-fable-5-2': FABLE,
  'claude-fable-5-1': { ...FABLE, generation: 5.1 },
  'claude-fable-5': { ...FABLE, generation: 5, thinking: 'adaptive', forcedTool: true },
  'claude-mythos-5-2': { ...FABLE, family: 'mythos' },
  'claude-mythos-5-1': { ...FABLE, family: 'mythos', generation: 5.1 },
  'claude-mythos-5': { ...FABLE, family: 'mythos', generation: 5, thinking: 'adaptive', forcedTool: true },
  'claude-opus-5-5': NEWEST,
  'claude-opus-5': OPUS_5,
  'claude-opus-4-8': { ...OPUS_5, generation: 4.8 },
  // The first that refuses sampling and thinking with a budget; system messages came one later.
  'claude-opus-4-7': { ...OPUS_5, generation: 4.7, systemMessages: false },
  'claude-opus-4-6': OPUS_4_6,
  'claude-opus-4-5': OPUS_4_5,
  'claude-sonnet-5-5': SONNET_5_5,
  'claude-sonnet-5': { ...OPUS_5, family: 'sonnet' },
  'claude-sonnet-4-6': { ...OPUS_4_6, family: 'sonnet' },
  'claude-sonnet-4-5': SONNET_4_5,
  'claude-haiku-5-5': { ...SONNET_5_5, family: 'haiku', forcedTool: true },
  'claude-haiku-4-5': { ...SONNET_4_5, family: 'haiku' },
}

/** Older than the tables; whoever still serves one takes what the oldest row takes. */
const OLDER = /^claude-(?:[123]\b|(?:opus|sonnet)-4(?:-[01])?$|instant)/

/** What a model takes, by the first of its names that anybody knows: the id on the wire may be a deployment's, the client's an alias. */
export function traitsOf(...names: readonly (string | undefined)[]): ModelTraits {
  for (const name of names) {
    if (name === undefined) continue
    const plain = plainModelName(name)
    const known = Object.hasOwn(MODELS, plain) ? MODELS[plain] : undefined
    if (known !== undefined) return known
    if (OLDER.test(plain)) return SONNET_4_5
  }
  return NEWEST
}

/** Models for which a row of a table holds. */
export interface ModelCondition {
  /** As the reference page says it. */
  readonly says: string
  holds(model: ModelTraits): boolean
}

export const FROM_4_7: ModelCondition = { says: '4.7 and newer', holds: ({ generation }) => generation >= 4.7 }
export const UP_TO_4_6: ModelCondition = { says: '4.6 and older', holds: ({ generation }) => generation <= 4.6 }
export const OPUS_4_5_ONLY: ModelCondition = {
  says: 'Opus 4.5',
  holds: ({ family, generation }) => family === 'opus' && generation === 4.5,
}
export const NOT_HAIKU_4_5: ModelCondition = {
  says: 'all but Haiku 4.5',
  holds: ({ family, generation }) => family !== 'haiku' || generation > 4.5,
}
export const FABLE_5_2: ModelCondition = {
  says: 'Fable 5.2',
  holds: ({ family, generation }) => family === 'fable' && generation === 5.2,
}
export const NO_SYSTEM_MESSAGES: ModelCondition = {
  says: '4.7 and older',
  holds: ({ systemMessages }) => !systemMessages,
}
export const NO_SYSTEM_MESSAGES_ON_BEDROCK: ModelCondition = {
  says: '4.7 and older, and Sonnet 5',
  holds: ({ systemMessages, family, generation }) => !systemMessages || (family === 'sonnet' && generation === 5),
}

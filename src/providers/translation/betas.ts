import type { Platform } from '../adapter.ts'
import { FROM_4_7, type ModelCondition, type ModelTraits, NOT_HAIKU_4_5, OPUS_4_5_ONLY, UP_TO_4_6 } from './models.ts'
import { type NarrowerPlatform, each, isNarrower } from './platforms.ts'
import type { Source } from './sources.ts'

/** What becomes of a beta on one platform: it passes (for some models), gets another name, or stays behind. */
export type BetaFate = 'pass' | 'drop' | { readonly passFor: ModelCondition } | { readonly rename: string }

export interface BetaRule {
  /** As in `anthropic-beta`. One that ends in `*` stands for all that begin so. */
  readonly beta: string
  readonly on: Readonly<Record<NarrowerPlatform, BetaFate>>
  readonly why: string
  readonly source: Source
}

export const TOOL_SEARCH = 'tool-search-tool-2025-10-19'
export const FINE_GRAINED = 'fine-grained-tool-streaming-2025-05-14'
export const WEB_SEARCH = 'web-search-2025-03-05'
export const CONTEXT_MANAGEMENT = 'context-management-2025-06-27'
export const CONTEXT_1M = 'context-1m-2025-08-07'

const fates = each<BetaFate>

const drop = (beta: string, why: string, source: Source = 'betas'): BetaRule => ({
  beta,
  on: fates('drop'),
  why,
  source,
})

/** Anthropic's own platforms take betas as sent. On the others a beta without a row stays behind. */
export const BETAS: readonly BetaRule[] = [
  {
    beta: 'claude-code-20250219',
    on: fates('pass', { 'bedrock-invoke': 'drop', 'bedrock-messages': 'drop', compatible: 'drop' }),
    why: 'Names the client; models on Bedrock have refused it, and the client leaves it out of the body there.',
    source: 'betaRefusals',
  },
  {
    beta: 'interleaved-thinking-2025-05-14',
    on: fates('pass', {
      'bedrock-invoke': { passFor: NOT_HAIKU_4_5 },
      'bedrock-messages': { passFor: NOT_HAIKU_4_5 },
      vertex: { passFor: NOT_HAIKU_4_5 },
      compatible: 'drop',
    }),
    why: 'The client sends it everywhere but for Haiku 4.5 on Bedrock and Vertex AI.',
    source: 'claudeCode',
  },
  {
    beta: 'thinking-token-count-2026-05-13',
    on: fates({ passFor: FROM_4_7 }, { foundry: 'pass', compatible: 'drop' }),
    why: 'The client leaves it out for older models on clouds.',
    source: 'claudeCode',
  },
  {
    beta: TOOL_SEARCH,
    on: fates('pass', { 'foundry-azure': 'drop', compatible: 'drop' }),
    why: 'Needed for `defer_loading` and `tool_reference`; deployments hosted on Azure have no tool search.',
    source: 'deferLoading',
  },
  {
    beta: 'advanced-tool-use-2025-11-20',
    on: fates({ rename: TOOL_SEARCH }, { foundry: 'pass', 'foundry-azure': 'drop', compatible: 'drop' }),
    why: 'Clouds know tool search, the part of it that Claude Code uses, by a name of its own.',
    source: 'deferLoading',
  },
  {
    beta: 'effort-2025-11-24',
    on: fates('pass', {
      'bedrock-invoke': { passFor: OPUS_4_5_ONLY },
      'bedrock-messages': { passFor: OPUS_4_5_ONLY },
      compatible: 'drop',
    }),
    why: 'Effort needs no beta on Bedrock but for Opus 4.5; the client leaves it out of the body there.',
    source: 'claudeCode',
  },
  {
    beta: CONTEXT_1M,
    on: fates({ passFor: UP_TO_4_6 }, { compatible: 'drop' }),
    why: 'Newer models have the window of a million tokens without it.',
    source: 'models',
  },
  {
    beta: CONTEXT_MANAGEMENT,
    on: fates('pass', { compatible: 'drop' }),
    why: 'Travels only while `context_management` does; see that row.',
    source: 'extraInputs',
  },
  {
    beta: 'compact-2026-01-12',
    on: fates('pass', { foundry: 'drop', 'foundry-azure': 'drop', compatible: 'drop' }),
    why: 'Compaction on the server is documented for Bedrock and Vertex AI.',
    source: 'features',
  },
  {
    beta: 'per-turn-control-2026-07-01',
    on: fates('drop', { foundry: 'pass', 'foundry-azure': 'pass' }),
    why: 'Goes with `messages[].output_config`; the client sends neither to Bedrock, Mantle and Vertex AI.',
    source: 'claudeCode',
  },
  {
    beta: 'mid-conversation-output-config-2026-07-01',
    on: fates('drop', { foundry: 'pass', 'foundry-azure': 'pass' }),
    why: 'Goes with `messages[].output_config`, which does not travel there.',
    source: 'claudeCode',
  },
  {
    beta: 'mid-conversation-tool-changes-2026-07-01',
    on: fates('drop', { foundry: 'pass', 'foundry-azure': 'pass' }),
    why: 'The client sends it to Foundry alone.',
    source: 'claudeCode',
  },
  {
    beta: 'mid-conversation-system-2026-04-07',
    on: fates('drop', { foundry: 'pass' }),
    why: 'Sent by older clients; system messages between others need no beta any more.',
    source: 'claudeCode',
  },
  {
    beta: FINE_GRAINED,
    on: fates('pass', { vertex: 'drop', compatible: 'drop' }),
    why: 'Stands in for `eager_input_streaming` on Bedrock; Vertex AI refuses it.',
    source: 'bedrock',
  },
  {
    beta: 'computer-use-*',
    on: fates('pass', { compatible: 'drop' }),
    why: 'The client runs these tools; clouds document them.',
    source: 'features',
  },
  {
    beta: 'thinking-binding-controls-2026-08-01',
    on: fates({ passFor: FROM_4_7 }, { compatible: 'drop' }),
    why: 'Goes with `thinking.block_binding`; Bedrock has refused it for Sonnet 4.5, whose thinking is not bound.',
    source: 'betaRefusals',
  },
  {
    beta: 'thinking-display-updates-2026-08-18',
    on: fates({ passFor: FROM_4_7 }, { foundry: 'pass', compatible: 'drop' }),
    why: 'Only says how thinking is shown.',
    source: 'betas',
  },
  {
    beta: WEB_SEARCH,
    on: fates('drop', { vertex: 'pass', foundry: 'pass' }),
    why: 'Vertex AI has the basic web search, and Foundry where Anthropic hosts; Bedrock has none.',
    source: 'vertex',
  },
  drop('dangerous-tool-use-2026-09-03', 'Goes with `safeguards`; see that row.', 'claudeCode'),
  drop('afk-mode-2026-01-31', 'Known to be taken by Anthropic alone.', 'claudeCode'),
  drop('redact-thinking-2026-02-12', 'Known to be taken by Anthropic alone.', 'claudeCode'),
  drop('fallback-credit-2026-06-01', "Concerns Anthropic's own billing.", 'claudeCode'),
  drop('fast-mode-2026-02-01', 'Fast mode is switched by other means on clouds; see `speed`.', 'features'),
  drop('prompt-caching-scope-2026-01-05', 'Goes with `cache_control.scope`, which clouds refuse.', 'vertexBetas'),
  drop(
    'extended-cache-ttl-2025-04-11',
    'The longer cache needs no beta any more, and Bedrock has refused this one.',
    'betaRefusals',
  ),
  drop('structured-outputs-2025-12-15', 'Structured answers need no beta any more.', 'features'),
  drop('structured-outputs-2025-11-13', 'Structured answers need no beta any more.', 'features'),
  drop('token-efficient-tools-*', 'Built into every current model.', 'models'),
  drop('output-128k-2025-02-19', 'Built into every current model.', 'models'),
  drop('request-tags-*', 'Goes with `tags`; see that row.', 'features'),
  drop('oauth-2025-04-20', "Concerns Anthropic's own sign-in.", 'betas'),
  drop('token-counting-2024-11-01', 'Counting tokens needs no beta any more.', 'betas'),
  drop('advisor-tool-2026-03-01', 'A server tool of Anthropic alone.', 'features'),
  drop('code-execution-*', 'A server tool that clouds do not run.', 'features'),
  drop('web-fetch-*', 'A server tool that clouds do not run.', 'features'),
  drop('files-api-2025-04-14', 'Files lie with Anthropic.', 'features'),
  drop('skills-*', 'Skills lie with Anthropic.', 'features'),
  drop('mcp-*', 'The MCP connector is run by Anthropic.', 'features'),
]

/** By name first, then by the longest beginning. */
export function betaRule(beta: string): BetaRule | undefined {
  const exact = BETAS.find((rule) => rule.beta === beta)
  return exact ?? BETAS.find((rule) => rule.beta.endsWith('*') && beta.startsWith(rule.beta.slice(0, -1)))
}

/** What becomes of a beta: its name on this platform, or undefined when it stays behind. */
export function betaOn(platform: Platform, model: ModelTraits, beta: string): string | undefined {
  if (!isNarrower(platform)) return beta
  const fate = betaRule(beta)?.on[platform] ?? 'drop'
  if (fate === 'pass') return beta
  if (fate === 'drop') return undefined
  if ('rename' in fate) return fate.rename
  return fate.passFor.holds(model) ? beta : undefined
}

import type { Platform } from '../adapter.ts'
import { CONTEXT_MANAGEMENT, TOOL_SEARCH } from './betas.ts'
import {
  FABLE_5_2,
  FROM_4_7,
  type ModelCondition,
  type ModelTraits,
  NO_SYSTEM_MESSAGES,
  NO_SYSTEM_MESSAGES_ON_BEDROCK,
  UP_TO_4_6,
} from './models.ts'
import { type NarrowerPlatform, each, isNarrower } from './platforms.ts'
import type { Source } from './sources.ts'

/**
 * What is done about a part of the body: it stays, goes, makes the target incapable, is told in words instead (`text`), is folded into a
 * neighbour, or moves to where the platform wants it.
 */
export type Handling = 'keep' | 'drop' | 'refuse' | 'text' | 'fold' | 'move'

/** A handling that holds for some models; the others have it kept. */
export interface ForModels {
  readonly models: ModelCondition
  readonly handling: Handling
  readonly otherwise: Handling
}

export interface FieldRule {
  readonly on: Readonly<Record<NarrowerPlatform, Handling | ForModels>>
  /** It is understood only while one of these betas travels along; without, it stays behind too. */
  readonly betas?: readonly string[]
  /** What a person would call it. */
  readonly title: string
  readonly why: string
  readonly source: Source
}

const forModels = (models: ModelCondition, handling: Handling, otherwise: Handling = 'keep'): ForModels => ({
  models,
  handling,
  otherwise,
})

const handled = each<Handling | ForModels>

const onlyAnthropic = (title: string, why: string, source: Source = 'features'): FieldRule => ({
  on: handled('drop'),
  title,
  why,
  source,
})

/** By path. `tools[].type` and the like stand for the features that a value there asks for. Anthropic's own platforms keep everything. */
export const FIELDS = {
  safeguards: {
    on: handled('refuse', { foundry: 'keep' }),
    title: 'Safety checks on the server (auto mode)',
    why: 'Without an answer to it auto mode cannot decide, so it is never dropped in silence: Claude Code hears it is not permitted, and checks by itself.',
    source: 'claudeCode',
  },
  context_management: {
    on: handled('keep', { compatible: 'drop' }),
    betas: [CONTEXT_MANAGEMENT],
    title: 'Context editing on the server',
    why: 'On Bedrock InvokeModel and Vertex AI it is dropped when it asks only for keeping thinking, as Claude Code does by default and leaves out there; other edits pass with their beta.',
    source: 'extraInputs',
  },
  'messages[].output_config': {
    on: handled('drop', { foundry: 'keep', 'foundry-azure': 'keep' }),
    betas: ['per-turn-control-2026-07-01', 'mid-conversation-output-config-2026-07-01'],
    title: 'Effort for one turn',
    why: 'The client sends it to Anthropic and Foundry alone.',
    source: 'claudeCode',
  },
  'messages[].role system': {
    on: handled(forModels(NO_SYSTEM_MESSAGES, 'fold'), {
      'bedrock-invoke': forModels(NO_SYSTEM_MESSAGES_ON_BEDROCK, 'fold'),
      'bedrock-messages': forModels(NO_SYSTEM_MESSAGES_ON_BEDROCK, 'fold'),
      'bedrock-mantle': forModels(NO_SYSTEM_MESSAGES_ON_BEDROCK, 'fold'),
      compatible: 'fold',
    }),
    title: 'System messages between others',
    why: 'Models that do not take them get the text as a reminder in the message of the user before, as the client itself does for them.',
    source: 'claudeCode',
  },
  'tools[].defer_loading': {
    on: handled('keep', { 'foundry-azure': 'drop', compatible: 'drop' }),
    betas: [TOOL_SEARCH, 'advanced-tool-use-2025-11-20'],
    title: 'Tools that load later (tool search)',
    why: 'Where there is no tool search all tools are there from the start.',
    source: 'deferLoading',
  },
  tool_reference: {
    on: handled('keep', { 'foundry-azure': 'text', compatible: 'text' }),
    betas: [TOOL_SEARCH, 'advanced-tool-use-2025-11-20'],
    title: 'References to tools that were found',
    why: 'Go with `tools[].defer_loading`.',
    source: 'deferLoading',
  },
  'tools[].strict': {
    on: handled('keep', {
      'bedrock-invoke': forModels(FROM_4_7, 'drop'),
      'bedrock-messages': forModels(FROM_4_7, 'drop'),
      'bedrock-mantle': forModels(FROM_4_7, 'drop'),
      'foundry-azure': 'drop',
      compatible: 'drop',
    }),
    title: 'Strict tool input',
    why: 'Bedrock refuses it for newer models; deployments hosted on Azure have no structured outputs.',
    source: 'bedrock',
  },
  'output_config.format': {
    on: handled('keep', {
      'bedrock-invoke': forModels(FROM_4_7, 'drop'),
      'bedrock-messages': forModels(FROM_4_7, 'drop'),
      'bedrock-mantle': forModels(FROM_4_7, 'drop'),
      'foundry-azure': 'drop',
      compatible: 'drop',
    }),
    title: 'Answers by a JSON schema',
    why: 'Goes the way of `tools[].strict`. Claude Code uses it for titles and takes plain text too.',
    source: 'bedrock',
  },
  output_config: {
    on: handled('keep', { compatible: 'drop' }),
    title: 'Effort',
    why: 'Levels are names of Claude; a host with models of its own may know none.',
    source: 'none',
  },
  'tools[].eager_input_streaming': {
    on: handled('drop', { foundry: 'keep', 'foundry-azure': 'keep' }),
    title: 'Tool input as it is written',
    why: `Refused per tool on Bedrock, where a beta for all tools takes its place; Vertex AI has neither.`,
    source: 'bedrock',
  },
  cache_control: {
    on: handled('keep', { 'bedrock-invoke': forModels(UP_TO_4_6, 'move'), compatible: 'drop' }),
    title: 'Automatic prompt caching',
    why: 'Older models on InvokeModel take it on blocks alone: it moves to the last one.',
    source: 'bedrock',
  },
  'cache_control.scope': {
    on: handled('drop'),
    betas: ['prompt-caching-scope-2026-01-05'],
    title: 'Scope of a cache entry',
    why: 'Known to be taken by Anthropic alone.',
    source: 'vertexBetas',
  },
  'cache_control.ttl': {
    on: handled('keep', { compatible: 'drop' }),
    title: 'Cache entries for an hour',
    why: 'Clouds take it on blocks without a beta.',
    source: 'bedrock',
  },
  'thinking.display': {
    on: handled('keep', { compatible: 'drop' }),
    title: 'How thinking is shown',
    why: 'The client sends it to every cloud.',
    source: 'claudeCode',
  },
  'thinking.block_binding': {
    on: handled('keep', { compatible: 'drop' }),
    betas: ['thinking-binding-controls-2026-08-01'],
    title: 'What to do with thinking that was signed elsewhere',
    why: 'Goes with its beta.',
    source: 'betas',
  },
  speed: {
    on: handled('drop', { vertex: forModels(FABLE_5_2, 'keep', 'drop') }),
    title: 'Fast mode',
    why: 'Vertex AI has it for one model; on Foundry it is a deployment of its own; elsewhere there is none.',
    source: 'vertex',
  },
  service_tier: onlyAnthropic('Priority of a request', 'Clouds have means of their own.'),
  inference_geo: {
    on: handled('refuse'),
    title: 'Where inference runs',
    why: "On clouds the account's region or profile says it. A place that a client demands is not dropped in silence; `global` asks for nothing.",
    source: 'features',
  },
  tags: onlyAnthropic('Tags of a request', "They speak to Anthropic's own console.", 'features'),
  fallbacks: onlyAnthropic(
    'Fallback models on the server',
    'Known to Anthropic alone; a config can name targets instead.',
  ),
  'fallback_*': onlyAnthropic('Settings of fallback models', 'Go with `fallbacks`.'),
  thread: onlyAnthropic('Threads on the server', 'Lie with Anthropic.'),
  diagnostics: onlyAnthropic('Diagnostics', 'Known to Anthropic alone.'),
  billing_policy: onlyAnthropic('Billing policy', "Concerns Anthropic's own billing."),
  mcp_servers: {
    on: handled('refuse', { foundry: 'keep' }),
    title: 'MCP connector',
    why: 'Run by Anthropic. MCP servers of Claude Code itself are client tools and work everywhere.',
    source: 'features',
  },
  container: {
    on: handled('refuse', { foundry: 'keep' }),
    title: 'Containers and Skills on the server',
    why: 'Run by Anthropic.',
    source: 'features',
  },
  'tools[].type web_search': {
    on: handled('refuse', { vertex: 'keep', foundry: 'keep' }),
    title: 'Web search on the server',
    why: 'Vertex AI has the basic form (`web_search_20250305`) alone.',
    source: 'vertex',
  },
  'tools[].type server tool': {
    on: handled('refuse', { foundry: 'keep' }),
    title: 'Other server tools: web fetch, code execution',
    why: 'Clouds do not run them. Foundry does where Anthropic hosts.',
    source: 'features',
  },
  'tools[].type tool search': {
    on: handled('keep', { 'foundry-azure': 'refuse', compatible: 'refuse' }),
    betas: [TOOL_SEARCH, 'advanced-tool-use-2025-11-20'],
    title: 'Tool search run by the server',
    why: 'Comes with the beta of tool search.',
    source: 'features',
  },
  'tools[].type advisor or toolset': {
    on: handled('refuse'),
    title: 'Advisor, MCP, computer and browser toolsets',
    why: 'Run by Anthropic.',
    source: 'features',
  },
  'source.type file': {
    on: handled('refuse', { foundry: 'keep' }),
    title: 'Images and documents by file id, uploads to containers',
    why: 'Files lie with the organisation they were uploaded to.',
    source: 'features',
  },
  'source.type url': {
    on: handled('refuse', { foundry: 'keep', 'foundry-azure': 'keep', compatible: 'keep' }),
    title: 'Images and documents by address',
    why: 'Bedrock and Vertex AI take bytes alone, and the gateway fetches nothing that a caller names.',
    source: 'bedrock',
  },
  server_tool_use: {
    on: handled('text', { vertex: 'keep', foundry: 'keep' }),
    title: 'Finished calls of server tools in the history',
    why: 'Their results are encrypted for the platform that made them. What can be read of them is told in words.',
    source: 'features',
  },
  compaction: {
    on: handled('text', { 'bedrock-mantle': 'keep' }),
    title: 'Summaries made by compaction on the server',
    why: 'Known to the platform that made them; elsewhere the text of the summary stands in their place.',
    source: 'features',
  },
} as const satisfies Readonly<Record<string, FieldRule>>

export type Field = keyof typeof FIELDS

/** What is done about a field on this platform for this model. */
export function handlingOf(field: Field, platform: Platform, model: ModelTraits): Handling {
  if (!isNarrower(platform)) return 'keep'
  const rule: FieldRule = FIELDS[field]
  const handling = rule.on[platform]
  if (typeof handling === 'string') return handling
  return handling.models.holds(model) ? handling.handling : handling.otherwise
}

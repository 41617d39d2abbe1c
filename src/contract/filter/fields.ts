/*
 * Every field that a filter may name: the one source of the parser, of completion, of the sentence under the input, of the
 * query and of docs/reference/filters.md. Names are in the order in which completion offers them.
 */

export type Field = TextField | NumberField | ChoiceField

interface FieldWords {
  /** Other names for the same. */
  readonly aliases?: readonly string[]
  /** One line for the reference and for completion. */
  readonly summary: string
  readonly example: string
}

export interface TextField extends FieldWords {
  readonly kind: 'text'
  /** How the sentence says it; `{}` stands for the values. Without one the values stand before "requests". */
  readonly phrase?: string
  /** People write it in small letters; the sentence does not. */
  readonly isName?: boolean
  /** What people write before the value although it is not part of it. */
  readonly prefix?: string
}

export interface NumberField extends FieldWords {
  readonly kind: 'number'
  readonly unit: Unit
  readonly phrase: string
}

export interface ChoiceField extends FieldWords {
  readonly kind: 'choice'
  /** By name: how the sentence goes on after "that", and how it does with a minus before the term. */
  readonly choices: Readonly<Record<string, readonly [string, string]>>
}

export type Unit = 'count' | 'status' | 'dollars' | 'milliseconds' | 'percent' | 'bytes'

export const FIELDS = {
  model: {
    kind: 'text',
    isName: true,
    summary: 'Model that was asked for or that served; `claude-` at its beginning may be left out',
    example: 'model:opus*',
  },
  user: {
    kind: 'text',
    aliases: ['dev', 'developer'],
    phrase: 'by {}',
    isName: true,
    summary: 'Person, by name, e-mail address or the part of it before the @',
    example: 'dev:ana,bo',
  },
  workspace: {
    kind: 'text',
    aliases: ['ws'],
    phrase: 'in the workspace {}',
    summary: 'Workspace, by slug or name',
    example: 'ws:payments',
  },
  project: { kind: 'text', phrase: 'for the project {}', summary: 'The tag `project`', example: 'project:checkout' },
  provider: {
    kind: 'text',
    phrase: 'served by {}',
    prefix: '@',
    summary: 'Provider that answered, by slug',
    example: 'provider:@bedrock-eu',
  },
  key: { kind: 'text', phrase: 'with the key {}', summary: 'Key, by name or id', example: 'key:"CI nightly"' },
  session: {
    kind: 'text',
    phrase: 'in the session {}',
    summary: 'Session: our `ses_…`, or the id that the client sends',
    example: 'session:ses_5f0c1d',
  },
  request: {
    kind: 'text',
    aliases: ['id'],
    phrase: 'with the id {}',
    summary: 'Request, by its id',
    example: 'request:req_019ab3',
  },
  trace: { kind: 'text', phrase: 'in the trace {}', summary: 'Trace id', example: 'trace:nightly-42' },
  agent: {
    kind: 'text',
    phrase: 'by the agent {}',
    summary: 'Agent within a session, by the id that the client sends',
    example: 'agent:Explore*',
  },
  tool: { kind: 'text', phrase: 'that called {}', summary: 'Tool that the answer called', example: 'tool:Bash' },
  client: { kind: 'text', phrase: 'from {}', summary: 'What the client calls itself', example: 'client:claude-cli' },
  version: { kind: 'text', phrase: 'from version {}', summary: "The client's version", example: 'version:2.1.*' },
  config: {
    kind: 'text',
    phrase: 'under the config {}',
    summary: 'Config that was followed',
    example: 'config:pc-main',
  },
  error: {
    kind: 'text',
    phrase: 'that failed with {}',
    summary:
      'Code of an error that the gateway told, or the part of it after or before the dot; what a provider refused is found by its `status`',
    example: 'error:upstream.timeout',
  },
  stop: {
    kind: 'text',
    phrase: 'that stopped with {}',
    summary: 'Reason why the model stopped',
    example: 'stop:max_tokens',
  },
  status: {
    kind: 'number',
    unit: 'status',
    phrase: 'with a status of {}',
    summary: 'HTTP status',
    example: 'status:>=400',
  },
  cost: {
    kind: 'number',
    unit: 'dollars',
    phrase: 'that cost {}',
    summary: 'Cost in US dollars',
    example: 'cost:>0.50',
  },
  cache: {
    kind: 'number',
    unit: 'percent',
    phrase: 'with a cache hit rate of {}',
    summary: 'Share of the input that the provider read from its prompt cache',
    example: 'cache:<60%',
  },
  ttft: {
    kind: 'number',
    unit: 'milliseconds',
    phrase: 'whose first token took {}',
    summary: 'Time until the first token',
    example: 'ttft:>4s',
  },
  duration: {
    kind: 'number',
    aliases: ['latency'],
    unit: 'milliseconds',
    phrase: 'that took {}',
    summary: 'Time until the last byte',
    example: 'duration:1m..5m',
  },
  overhead: {
    kind: 'number',
    unit: 'milliseconds',
    phrase: 'to which the gateway added {}',
    summary: 'Time that the gateway itself added',
    example: 'overhead:>20ms',
  },
  tokens: {
    kind: 'number',
    unit: 'count',
    phrase: 'with {} tokens',
    summary: 'All tokens, in and out',
    example: 'tokens:>100k',
  },
  'tokens.in': {
    kind: 'number',
    unit: 'count',
    phrase: 'with {} input tokens',
    summary: 'Input tokens, cached ones included',
    example: 'tokens.in:>150k',
  },
  'tokens.out': {
    kind: 'number',
    unit: 'count',
    phrase: 'with {} output tokens',
    summary: 'Output tokens',
    example: 'tokens.out:>8k',
  },
  'tokens.uncached': {
    kind: 'number',
    unit: 'count',
    phrase: 'with {} uncached input tokens',
    summary: 'Input tokens neither read from a prompt cache nor written to one',
    example: 'tokens.uncached:>20k',
  },
  'tokens.cache_read': {
    kind: 'number',
    unit: 'count',
    phrase: 'with {} tokens read from a prompt cache',
    summary: 'Tokens read from a prompt cache',
    example: 'tokens.cache_read:0',
  },
  'tokens.cache_write': {
    kind: 'number',
    unit: 'count',
    phrase: 'with {} tokens written to a prompt cache',
    summary: 'Tokens written to a prompt cache',
    example: 'tokens.cache_write:>50k',
  },
  'tokens.thinking': {
    kind: 'number',
    unit: 'count',
    phrase: 'with {} tokens of thinking',
    summary: 'The part of the output that was thinking',
    example: 'tokens.thinking:>1k',
  },
  bytes: {
    kind: 'number',
    unit: 'bytes',
    phrase: 'of {} bytes',
    summary: 'Size of the request',
    example: 'bytes:>500k',
  },
  'bytes.new': {
    kind: 'number',
    unit: 'bytes',
    phrase: 'with {} new bytes',
    summary: 'Bytes of the request that were not in its session before',
    example: 'bytes.new:>100k',
  },
  'bytes.out': {
    kind: 'number',
    unit: 'bytes',
    phrase: 'answered with {} bytes',
    summary: 'Size of the answer',
    example: 'bytes.out:>1m',
  },
  messages: {
    kind: 'number',
    unit: 'count',
    phrase: 'with {} messages',
    summary: 'Messages in the request',
    example: 'messages:>100',
  },
  attempts: {
    kind: 'number',
    unit: 'count',
    phrase: 'with {} upstream calls',
    summary: 'Upstream calls that were made',
    example: 'attempts:>1',
  },
  is: {
    kind: 'choice',
    summary: 'What became of it',
    example: 'is:error',
    choices: {
      error: ['failed', 'did not fail'],
      success: ['succeeded', 'did not succeed'],
      cached: ['were answered from the cache', 'were not answered from the cache'],
      fallback: ['were taken over by another target', 'were not taken over by another target'],
      retried: ['were tried again', 'were not tried again'],
      interrupted: ['broke off', 'did not break off'],
      refused: ['were refused', 'were not refused'],
      stream: ['were streamed', 'were not streamed'],
      estimated: ['have an estimated cost', 'have no estimated cost'],
      unpriced: ['used a model without a price', 'used a model with a price'],
    },
  },
  has: {
    kind: 'choice',
    summary: 'What is known of it',
    example: 'has:session',
    choices: {
      session: ['belong to a session', 'belong to no session'],
      user: ["came with a person's key", 'came with a key that is nobody’s'],
      project: ['name a project', 'name no project'],
      trace: ['have a trace', 'have no trace'],
      agent: ['came from a sub-agent', 'came from no sub-agent'],
      config: ['followed a config', 'followed no config'],
      content: ['have content that was kept', 'have no content that was kept'],
    },
  },
  class: {
    kind: 'text',
    phrase: 'of the class {}',
    summary: 'What the client made it for: `main`, `subagent`, `workflow`, `compaction`, `auxiliary` or `probe`',
    example: 'class:main,subagent',
  },
  endpoint: {
    kind: 'choice',
    summary: 'What was called',
    example: 'endpoint:count_tokens',
    choices: {
      messages: ['asked for a message', 'did not ask for a message'],
      count_tokens: ['counted tokens', 'did not count tokens'],
    },
  },
  outcome: {
    kind: 'choice',
    summary: 'How it ended',
    example: 'outcome:interrupted',
    choices: {
      completed: ['were completed', 'were not completed'],
      interrupted: ['broke off', 'did not break off'],
      refused: ['were refused', 'were not refused'],
    },
  },
  'cache.status': {
    kind: 'choice',
    summary: "What the gateway's own cache did",
    example: 'cache.status:hit',
    choices: {
      hit: ['were answered from the cache', 'were not answered from the cache'],
      miss: ['missed the cache', 'did not miss the cache'],
      refresh: ['renewed the cache', 'did not renew the cache'],
      disabled: ['passed the cache by', 'did not pass the cache by'],
    },
  },
  content: {
    kind: 'choice',
    summary: 'What was decided of its content when it came',
    example: 'content:masked',
    choices: {
      full: ['were kept whole', 'were not kept whole'],
      masked: ['were kept masked', 'were not kept masked'],
      metadata: ['were kept without content', 'were kept with content'],
      dropped: ['could not be kept', 'could be kept'],
      none: ['had no content', 'had content'],
    },
  },
  source: {
    kind: 'choice',
    summary: 'Whether it came through the gateway or was handed in',
    example: 'source:api',
    choices: {
      gateway: ['came through the gateway', 'did not come through the gateway'],
      api: ['were handed in', 'were not handed in'],
    },
  },
} as const satisfies Readonly<Record<string, Field>>

export type FieldName = keyof typeof FIELDS
/** Names of the fields of one kind. */
export type FieldOf<Kind extends Field['kind']> = {
  [Name in FieldName]: (typeof FIELDS)[Name]['kind'] extends Kind ? Name : never
}[FieldName]

/** Before the name of a tag: `tag.team:payments`. */
export const TAG_PREFIX = 'tag.'

/** By names and aliases. Keys are ours, so a name from outside finds nothing that it should not. */
const BY_NAME: ReadonlyMap<string, FieldName> = new Map(
  Object.entries(FIELDS).flatMap(([name, field]: [string, Field]) =>
    [name, ...(field.aliases ?? [])].map((each) => [each, name as FieldName]),
  ),
)

/** The field that a name means, in whatever letters. */
export function findField(name: string): FieldName | undefined {
  return BY_NAME.get(name.toLowerCase())
}

export function fieldNames(): readonly string[] {
  return [...BY_NAME.keys()]
}

export function readField(name: string): Field {
  return FIELDS[name as FieldName]
}

/** What a developer's Claude Code needs to know to work through a gateway. */
export interface Connection {
  /** Of the gateway, without `/v1` and without a trailing slash. */
  readonly url: string
  /** The gateway key. Sent as a bearer token, because Claude Code asks no question about that one at its start. */
  readonly key: string
  /** The main model, only if one was asked for. */
  readonly model?: string | undefined
  /** The model of titles and other side calls; `DEFAULT_SMALL_MODEL` unless the key may not use it. */
  readonly smallModel?: string | undefined
  /** A project name, sent as metadata with every request. */
  readonly project?: string | undefined
  /** Whether Claude Code is to tell the gateway what it counts of itself. It is the developer's, so only where they ask for it. */
  readonly telemetry?: boolean | undefined
}

/** The part of a Claude Code settings file that is ours. */
export interface SettingsBlock {
  readonly env: Readonly<Record<string, string>>
  readonly model?: string
}

/** The cheapest current model: side calls run on the main model unless they are told otherwise. */
export const DEFAULT_SMALL_MODEL = 'claude-haiku-5-5'

/** The settings that connect Claude Code to a gateway, as the object to merge into `settings.json`. */
export function settingsBlock({
  url,
  key,
  model,
  smallModel = DEFAULT_SMALL_MODEL,
  project,
  telemetry = false,
}: Connection): SettingsBlock {
  return {
    env: {
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: key,
      // Adds request class, prompt id and tool times to the headers, which makes a session readable as a tree.
      CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1',
      CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      ANTHROPIC_DEFAULT_HAIKU_MODEL: smallModel,
      ...(project === undefined ? {} : { ANTHROPIC_CUSTOM_HEADERS: `x-portkey-metadata: ${asciiJson({ project })}` }),
      ...(telemetry ? telemetryTo(url, key) : {}),
    },
    ...(model === undefined ? {} : { model }),
  }
}

/** Events and counts go to the gateway, with the same key; prompts and tool inputs stay out of them unless the developer says otherwise. */
function telemetryTo(url: string, key: string): Readonly<Record<string, string>> {
  return {
    CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_HEADERS: `x-portkey-api-key=${key}`,
  }
}

/** The block as text to paste into an empty `settings.json`. */
export function formatSettingsBlock(block: SettingsBlock): string {
  return `${JSON.stringify(block, null, 2)}\n`
}

/** JSON that fits a header: Claude Code refuses to send a header with characters beyond ASCII. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

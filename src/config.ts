import { resolve } from 'node:path'
import { z } from 'zod'
import { nearestName } from './core/spelling.ts'

/** A whole number in the environment, within bounds. */
function count(usual: number, min: number, max: number) {
  return z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`)
    .default(usual)
}

/** A list as OpenTelemetry writes it: `name=value,name=value`, in the percent-encoding of W3C baggage. Its values may be secrets and are not repeated. */
function pairs(form: string) {
  return z
    .string()
    .refine((text) => readPairs(text) !== undefined, `must be ${form}`)
    .default('')
}

function readPairs(text: string): Readonly<Record<string, string>> | undefined {
  const read: Record<string, string> = {}
  for (const entry of text.split(',').filter((each) => each.trim() !== '')) {
    const at = entry.indexOf('=')
    const name = entry.slice(0, Math.max(at, 0)).trim()
    try {
      const value = decodeURIComponent(entry.slice(at + 1).trim())
      if (name === '' || /[^\w.-]/.test(name) || /\p{Cc}/u.test(value)) return undefined
      read[name] = value
    } catch {
      return undefined
    }
  }
  return read
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Every setting of the process: name in the environment, meaning, default. docs/reference/configuration.md is held against this list. */
const Environment = z.object({
  /** Address to listen on. Loopback unless told otherwise. */
  HOST: z.string().min(1).default('127.0.0.1'),
  /** Port to listen on; 0 takes a free one. */
  PORT: count(8787, 0, 65_535),
  /** Folder of the database, the journal and the master key. */
  PORTCULLIS_DATA: z.string().min(1).default('./data'),
  /** A PostgreSQL database in the place of the SQLite file in the data folder. */
  PORTCULLIS_DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a URL such as postgres://user:password@host:5432/portcullis' })
    .optional(),
  /** How clients reach the gateway, for links and settings blocks; by default the address it listens on. */
  PORTCULLIS_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL such as https://gateway.example.com' })
    .optional(),
  /** An administrator's key that is honoured at every start and never stored. */
  PORTCULLIS_ADMIN_KEY: z.string().min(32, 'must have at least 32 characters').optional(),
  /** 32 bytes in base64 or hex that seal the credentials; by default a file in the data folder. */
  PORTCULLIS_MASTER_KEY: z.string().optional(),
  /** Comma list of hosts, with or without port, that may be at private addresses. */
  TRUSTED_CUSTOM_HOSTS: z
    .string()
    .regex(/^[^/@]*$/, 'must list hosts without scheme and path, such as llm.corp.internal,127.0.0.1:9000')
    .default(''),
  /** Mail server for alerts: `smtp://` (encrypted when the server offers it; always with a password) or `smtps://`. */
  PORTCULLIS_SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: 'must be an address such as smtps://user:password@mail.example.com' })
    .optional(),
  /** Sender of alerts, such as `Portcullis <portcullis@example.com>`. */
  PORTCULLIS_SMTP_FROM: z
    .string()
    .regex(/^[^<>@\r\n]*<?[^\s<>@]+@[^\s<>@]+>?$/, 'must be an address such as Portcullis <portcullis@example.com>')
    .optional(),
  /** Bytes of one request body at most. Anthropic's own limit is 32 MB. */
  PORTCULLIS_BODY_BYTES_MAX: count(32 * 1024 * 1024, 1024, 1024 * 1024 * 1024),
  /** Bytes of all header lines of a request at most. */
  PORTCULLIS_HEADER_BYTES_MAX: count(64 * 1024, 8192, 1024 * 1024),
  /** Bytes of content that may wait to be written, those of running answers included; what comes beyond is dropped and counted. */
  PORTCULLIS_BODY_QUEUE_BYTES_MAX: count(256 * 1024 * 1024, 1024 * 1024, 64 * 1024 * 1024 * 1024),
  /** Bytes of recent bodies that are held to compare new ones with. */
  PORTCULLIS_BODY_MEMORY_BYTES_MAX: count(256 * 1024 * 1024, 1024 * 1024, 64 * 1024 * 1024 * 1024),
  /** Bytes that the files of exports may take together; they are removed after seven days. */
  PORTCULLIS_EXPORT_BYTES_MAX: count(10 * 1024 * 1024 * 1024, 1024 * 1024, 64 * 1024 * 1024 * 1024 * 1024),
  /** Connections of clients at the same time. */
  PORTCULLIS_CONNECTIONS_MAX: count(10_000, 1, 1_000_000),
  /** Milliseconds until a provider's connection must stand. */
  PORTCULLIS_CONNECT_TIMEOUT_MS: count(10_000, 10, 600_000),
  /** Milliseconds until a provider must begin to answer: long prompts on big models take minutes. */
  PORTCULLIS_FIRST_BYTE_TIMEOUT_MS: count(600_000, 10, 3_600_000),
  /** Milliseconds until the first content of an answer, where another target could take over. */
  PORTCULLIS_FIRST_EVENT_TIMEOUT_MS: count(120_000, 10, 3_600_000),
  /** Milliseconds of silence inside an answer until the provider counts as gone. */
  PORTCULLIS_IDLE_TIMEOUT_MS: count(300_000, 10, 3_600_000),
  /** Milliseconds of silence towards a client after which the gateway sends a ping of its own. */
  PORTCULLIS_PING_MS: count(15_000, 10, 300_000),
  /** Milliseconds for which a client may leave an answer unread. */
  PORTCULLIS_CLIENT_STALL_MS: count(300_000, 10, 3_600_000),
  /** Milliseconds until the whole head of a request must be here. */
  PORTCULLIS_HEAD_TIMEOUT_MS: count(15_000, 100, 600_000),
  /** Milliseconds until a whole request, body included, must be here. */
  PORTCULLIS_REQUEST_TIMEOUT_MS: count(120_000, 100, 3_600_000),
  /** Milliseconds that a shutdown waits for running answers. */
  PORTCULLIS_DRAIN_MS: count(600_000, 0, 3_600_000),
  /** `true` lets anybody who reaches the port read `/metrics`; otherwise it asks for an administrator's key. */
  PORTCULLIS_METRICS_PUBLIC: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .transform((value) => value === 'true'),
  /** Collector that is told of every exchange over OpenTelemetry (OTLP over HTTP); by default nobody is. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be a URL such as http://localhost:4318' })
    .optional(),
  /** What is sent along to it: `name=value,name=value`, percent-encoded. */
  OTEL_EXPORTER_OTLP_HEADERS: pairs('name=value,name=value, without line breaks'),
  /** Milliseconds for one batch, with all its tries. */
  OTEL_EXPORTER_OTLP_TIMEOUT: count(10_000, 100, 600_000),
  /** Milliseconds between two exports of metrics. */
  OTEL_METRIC_EXPORT_INTERVAL: count(60_000, 1_000, 3_600_000),
  /** `service.name` of everything that is exported. */
  OTEL_SERVICE_NAME: z.string().min(1).default('portcullis'),
  /** Further facts about this process: `name=value,name=value`, percent-encoded. */
  OTEL_RESOURCE_ATTRIBUTES: pairs('name=value,name=value'),
  /** `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. */
  PORTCULLIS_LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
})

export type Config = Readonly<z.infer<typeof Environment>> & {
  readonly trustedHosts: readonly string[]
  /** Undefined without PORTCULLIS_SMTP_URL. */
  readonly mailServer: { readonly url: string; readonly from: string } | undefined
  /** Undefined without OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly collector: Collector | undefined
}

/** Where OpenTelemetry goes; telemetry/otel/open-exporter.ts says what each member means. */
interface Collector {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly metricIntervalMs: number
  readonly resource: Readonly<Record<string, string>>
}

/** Names of every setting; a test holds the documentation against them. */
export const CONFIG_KEYS: readonly string[] = Object.keys(Environment.shape)

/** What is wrong with the environment, every problem in one message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Reads the settings once. A misspelt `PORTCULLIS_…` name is an error too: it would otherwise be a setting that silently does nothing. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('PORTCULLIS_') || CONFIG_KEYS.includes(name) || READ_ELSEWHERE.has(name)) continue
    const near = nearestName(name, CONFIG_KEYS)
    problems.push(`${name}: no such setting${near === undefined ? '' : `; did you mean ${near}?`}`)
  }
  // An empty variable is how compose files spell "not set".
  const given = Object.fromEntries(
    CONFIG_KEYS.map((name) => [name, environment[name] === '' ? undefined : environment[name]]),
  )
  const parsed = Environment.safeParse(given)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(`${issue.path.join('.')}: ${issue.message}`)
  }
  if (given['PORTCULLIS_SMTP_URL'] !== undefined && given['PORTCULLIS_SMTP_FROM'] === undefined) {
    problems.push('PORTCULLIS_SMTP_FROM: is required with PORTCULLIS_SMTP_URL')
  }
  if (problems.length > 0 || !parsed.success) {
    throw new ConfigError(
      `The gateway cannot start with these settings:\n${problems.map((each) => `  ${each}`).join('\n')}`,
    )
  }
  const { PORTCULLIS_SMTP_URL: url, PORTCULLIS_SMTP_FROM: from } = parsed.data
  return Object.freeze({
    ...parsed.data,
    collector: readCollector(parsed.data),
    mailServer: url === undefined || from === undefined ? undefined : Object.freeze({ url, from }),
    PORTCULLIS_DATA: resolve(parsed.data.PORTCULLIS_DATA),
    trustedHosts: Object.freeze(
      parsed.data.TRUSTED_CUSTOM_HOSTS.split(',')
        .map((host) => host.trim().toLowerCase())
        .filter((host) => host !== ''),
    ),
  })
}

function readCollector(given: z.infer<typeof Environment>): Collector | undefined {
  const endpoint = given.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === undefined) return undefined
  return Object.freeze({
    endpoint,
    headers: readPairs(given.OTEL_EXPORTER_OTLP_HEADERS)!,
    timeoutMs: given.OTEL_EXPORTER_OTLP_TIMEOUT,
    metricIntervalMs: given.OTEL_METRIC_EXPORT_INTERVAL,
    // OTEL_SERVICE_NAME is the stronger of the two: specification of the SDK's environment variables.
    resource: { ...readPairs(given.OTEL_RESOURCE_ATTRIBUTES)!, 'service.name': given.OTEL_SERVICE_NAME },
  })
}

/** Read by the command line, not by the server. */
const READ_ELSEWHERE = new Set(['PORTCULLIS_KEY', 'PORTCULLIS_URL'])

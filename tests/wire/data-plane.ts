import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import Fastify from 'fastify'
import type { AnswerCache, CachedAnswer } from '../../src/cache/answer-cache.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { asId } from '../../src/core/ids.ts'
import { answerClientError } from '../../src/gateway/client-error.ts'
import { DEFAULT_RECORD_RULES } from '../../src/core/record-rules.ts'
import { totalTokens } from '../../src/core/usage.ts'
import type { Caller } from '../../src/gateway/exchange.ts'
import { type DataPlane, answerWrongPath, registerDataPlane } from '../../src/gateway/http.ts'
import type {
  CallLimits,
  GatewayTimeouts,
  KeyLookup,
  Prices,
  ReportedFailure,
  Warning,
} from '../../src/gateway/parts.ts'
import type { CallClosing, CallOpening } from '../../src/ledger/ledger.ts'
import { createGates } from '../../src/limits/create-gates.ts'
import { createRates } from '../../src/limits/create-rates.ts'
import type { Adapter, Signer, Upstream } from '../../src/providers/adapter.ts'
import { anthropicAdapter, anthropicSigner } from '../../src/providers/anthropic.ts'
import { createHttpTransport } from '../../src/providers/transport.ts'
import { createAffinity } from '../../src/routing/affinity.ts'
import { type Breakers, createBreakers } from '../../src/routing/breaker.ts'
import { createOwnConfigReader } from '../../src/routing/own-configs.ts'
import type { RoutingConfig } from '../../src/routing/routing-config.ts'
import type { ExchangeRecord } from '../../src/records/record.ts'
import type { Transcripts } from '../../src/records/transcript.ts'
import { type RememberedTranscripts, rememberTranscripts } from './remember-transcripts.ts'

export const KEY = 'pcl_developer'
export const CREDENTIAL = 'sk-ant-the-companys-own'

/** What one upstream call left in the ledger. */
export interface Entry {
  readonly opening: CallOpening
  closing: CallClosing | undefined
}

/** The data plane over real sockets, with everything behind it in memory where a test can look at it. */
export interface RunningDataPlane {
  readonly url: string
  readonly plane: DataPlane
  readonly entries: Entry[]
  readonly records: ExchangeRecord[]
  /** What was handed over to be kept; empty when the test has brought its own transcripts. */
  readonly transcripts: RememberedTranscripts['all']
  /** What went wrong with transcripts. */
  readonly transcriptProblems: unknown[]
  /** What the operator's log was told. */
  readonly reported: ReportedFailure[]
  readonly warnings: Warning[]
  /** As the directory does when it has a new picture. */
  keysChanged(): void
  /** Resolves when so many exchanges are written down. */
  recorded(count: number): Promise<void>
  stop(): Promise<void>
}

export interface DataPlaneOptions {
  /** Where the provider `@prod` lives. */
  readonly origin: string
  readonly clock?: Clock
  readonly timeouts?: Partial<GatewayTimeouts>
  readonly bodyBytesMax?: number
  readonly upstream?: Partial<Upstream>
  /** More providers of the same workspace, by slug. */
  readonly others?: Readonly<Record<string, Partial<Upstream> & { readonly origin: string }>>
  readonly signer?: Signer
  readonly adapter?: Adapter
  /** Of the developer's key, beside what every caller has. */
  readonly caller?: Partial<Caller>
  /** Saved configs by `pc-…`. */
  readonly configs?: Readonly<Record<string, RoutingConfig>>
  readonly random?: () => number
  readonly breakers?: Breakers
  readonly answers?: AnswerCache
  /** Remembers everything by default. */
  readonly transcripts?: Transcripts
  /** What is known of keys; after a change of it `keysChanged` is to be called. */
  readonly lookups?: Readonly<Record<string, KeyLookup>>
  /** Whether exchanges end with their keys; true by default. */
  readonly endsRunning?: boolean
  /** A nano-dollar per token by default. */
  readonly prices?: Prices
  /** Budgets and rate limits; none by default. */
  readonly limits?: CallLimits
  /** Makes the ledger refuse. */
  readonly ledgerFails?: () => Error | undefined
}

export const CALLER: Caller = {
  keyId: asId('key-1'),
  keyName: 'developer',
  organisationId: asId('org-1'),
  workspaceId: asId('workspace-1'),
  workspaceSlug: 'ws-payments',
  userId: asId('user-1'),
  scopes: new Set(['completions.write']),
  defaultProvider: '@prod',
  defaultConfig: undefined,
  mayOverrideConfig: true,
  metadata: {},
  errorFormat: 'anthropic',
  records: DEFAULT_RECORD_RULES,
}

export async function startDataPlane(options: DataPlaneOptions): Promise<RunningDataPlane> {
  const clock = options.clock ?? systemClock
  const entries: Entry[] = []
  const records: ExchangeRecord[] = []
  const reported: ReportedFailure[] = []
  const warnings: Warning[] = []
  const transcripts = rememberTranscripts()
  const transcriptProblems: unknown[] = []
  const waiters = new Set<() => void>()
  const keyListeners = new Set<() => void>()
  const upstream: Upstream = {
    providerId: asId('provider-1'),
    slug: 'prod',
    kind: 'anthropic',
    integrationId: asId('integration-1'),
    origin: options.origin,
    basePath: '/v1',
    trustedHost: true,
    platform: 'anthropic',
    settings: {},
    credential: () => ({ key: CREDENTIAL }),
    allows: () => true,
    models: [],
    ...options.upstream,
  }
  const others = Object.entries(options.others ?? {}).map(([slug, other]) => ({
    ...upstream,
    providerId: asId<'provider'>(`provider-${slug}`),
    slug,
    ...other,
  }))
  const upstreams = [upstream, ...others]
  const caller = { ...CALLER, ...options.caller }
  const transport = createHttpTransport()
  const provider = {
    adapter: options.adapter ?? anthropicAdapter,
    signer: options.signer ?? anthropicSigner,
    transport,
  }
  const app = Fastify({
    forceCloseConnections: true,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, clock),
    frameworkErrors: (_error, request, reply) => answerWrongPath(request, reply, clock),
  })
  const plane = registerDataPlane(app, {
    clock,
    keys: {
      isOurs: (secret) => secret.startsWith('pcl_'),
      onChange(listener) {
        keyListeners.add(listener)
        return () => void keyListeners.delete(listener)
      },
      find: (secret) =>
        options.lookups?.[secret] ?? (secret === KEY ? { state: 'active', caller } : { state: 'unknown' }),
    },
    catalogue: {
      provider: (workspaceId, slug) =>
        workspaceId === CALLER.workspaceId ? upstreams.find((each) => each.slug === slug) : undefined,
      providers: () => upstreams,
    },
    configs: {
      find: (workspaceId, reference) => (workspaceId === CALLER.workspaceId ? options.configs?.[reference] : undefined),
      read: createOwnConfigReader(),
    },
    providers: {
      anthropic: provider,
      bedrock: provider,
      'vertex-ai': provider,
      'azure-ai': provider,
      'claude-platform-aws': provider,
      scripted: provider,
    },
    prices: options.prices ?? PLAIN_PRICES,
    ledger: {
      open(opening) {
        const failure = options.ledgerFails?.()
        if (failure !== undefined) throw failure
        entries.push({ opening, closing: undefined })
      },
      close(id, closing) {
        const entry = entries.find(({ opening }) => opening.id === id)
        if (entry === undefined || entry.closing !== undefined) throw new Error('closed what is not open')
        entry.closing = closing
      },
    },
    recorder: {
      record(record) {
        records.push(record)
        for (const waiter of waiters) waiter()
      },
    },
    transcripts: options.transcripts ?? transcripts,
    transcriptFailed: (problem) => transcriptProblems.push(problem),
    report: (failure) => reported.push(failure),
    warn: (warning) => warnings.push(warning),
    affinity: createAffinity({ clock }),
    breakers: options.breakers ?? createBreakers({ clock }),
    random: options.random ?? Math.random,
    answers: options.answers ?? rememberAnswers(),
    timeouts: {
      connectMs: 2_000,
      firstByteMs: 30_000,
      idleMs: 30_000,
      pingMs: 15_000,
      firstEventMs: 30_000,
      ...options.timeouts,
    },
    requestLimits: { bodyBytesMax: options.bodyBytesMax ?? 32 * 1024 * 1024 },
    limits: options.limits ?? NO_LIMITS,
    clientStallMs: 30_000,
    endsRunning: () => options.endsRunning ?? true,
    version: '0.0.0',
    isReady: async () => true,
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    plane,
    entries,
    records,
    transcripts: transcripts.all,
    transcriptProblems,
    reported,
    warnings,
    keysChanged() {
      for (const listener of keyListeners) listener()
    },
    recorded: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (records.length < count) return
          waiters.delete(look)
          resolve()
        }
        waiters.add(look)
        look()
      }),
    async stop() {
      await app.close()
      await transport.close()
    },
  }
}

/** One nano-dollar per token: costs can be read off. */
const PLAIN_PRICES: Prices = {
  price: ({ tokens }) => ({ costNanos: BigInt(totalTokens(tokens)), priceVersion: 'test', priceFlag: 'listed' }),
}

/** Nothing is limited, and nothing is counted. */
export const NO_LIMITS: CallLimits = {
  rulebook: () => ({
    purses: () => [],
    lanes: () => [],
    targetLanes: () => [],
    find: () => undefined,
    resetAt: () => undefined,
  }),
  budgets: {
    hold: () => {
      throw new Error('There is nothing to hold.')
    },
    refused: () => undefined,
    room: () => ({ costNanos: undefined, tokens: undefined }),
    state: () => ({ spent: 0n, held: 0n, periodStart: 0, resetsAt: undefined }),
    buckets: () => [],
  },
  rates: createRates({ clock: systemClock }),
  gates: createGates({ clock: systemClock, waitMs: 5_000, waitersMax: 100 }),
  organisation: () => ({ timeZone: undefined, contact: undefined }),
}

/** As plain as a cache can be: whatever is kept stays. */
function rememberAnswers(): AnswerCache {
  const kept = new Map<string, CachedAnswer>()
  return {
    get: ({ workspaceId, id }) => kept.get(`${workspaceId} ${id}`),
    put: ({ workspaceId, id }, answer) => void kept.set(`${workspaceId} ${id}`, answer),
    forget: async () => 0,
    stats: () => ({ answers: kept.size, bytes: 0, pending: 0, dropped: 0, failures: 0 }),
    close: async () => undefined,
  }
}

/** A provider that does whatever the test says, with every request it got. */
export interface FakeProvider {
  readonly origin: string
  readonly requests: { method: string; url: string; headers: string[]; body: Buffer; gone: Promise<void> }[]
  stop(): Promise<void>
}

export async function startProvider(
  answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void,
): Promise<FakeProvider> {
  const requests: FakeProvider['requests'] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.once('end', () => {
      const body = Buffer.concat(chunks)
      requests.push({
        method: request.method!,
        url: request.url!,
        headers: request.rawHeaders,
        body,
        gone: new Promise((resolve) => response.once('close', () => resolve())),
      })
      answer(request, response, body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as { port: number }
  return {
    origin: `http://127.0.0.1:${address.port}`,
    requests,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The events of a short, whole answer: 25 tokens in, 7 out. */
export const WHOLE_STREAM: readonly string[] = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5-5","content":[],"stop_reason":null,"usage":{"input_tokens":25,"output_tokens":1}}}\n\n',
  'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
  'event: ping\ndata: {"type":"ping"}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße, 世界"}}\n\n',
  'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}\n\n',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n',
]

/** The head of an event stream. */
export const EVENT_STREAM = { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': 'req_upstream' }

/** What `start` has started; a test sees the current ones under the same names. */
export let provider: FakeProvider
export let gateway: RunningDataPlane

/** Starts a provider that answers so, and a data plane in front of it. */
export async function start(
  answer: Parameters<typeof startProvider>[0],
  options: Partial<DataPlaneOptions> = {},
): Promise<void> {
  provider = await startProvider(answer)
  gateway = await startDataPlane({ origin: provider.origin, ...options })
}

/** Ends both; for `afterEach`. */
export async function stop(): Promise<void> {
  await gateway.stop()
  await provider.stop()
}

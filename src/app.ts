import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { openExportFolder } from './admin/exports/export-folder.ts'
import { createExportRunner } from './admin/exports/run-exports.ts'
import { registerAdmin } from './admin/http.ts'
import { openAlerts } from './alerts/open-alerts.ts'
import { createAnswerCache } from './cache/create-answer-cache.ts'
import { buildCliPackage } from './cli-package.ts'
import { registerOtlp } from './client-telemetry/register-otlp.ts'
import { formatSettingsBlock, settingsBlock } from './cli/settings-block.ts'
import type { Config } from './config.ts'
import { DEFAULT_WORKSPACE_SCOPES, ORGANISATION_SCOPES } from './contract/scopes.ts'
import { type Clock, systemClock } from './core/clock.ts'
import { createKeyMaker } from './credentials/api-key.ts'
import { openMasterKey } from './credentials/master-key.ts'
import { createVault } from './credentials/vault.ts'
import { answerClientError } from './gateway/client-error.ts'
import { answerWrongPath, registerDataPlane } from './gateway/http.ts'
import type { CallLimits, ReportedFailure } from './gateway/parts.ts'
import { previewFor } from './gateway/preview-call.ts'
import { findCaller } from './gateway/stages/authenticate.ts'
import { createBudgets, type CountedBudgets } from './limits/create-budgets.ts'
import { createGates } from './limits/create-gates.ts'
import { createRates } from './limits/create-rates.ts'
import type { ThresholdEvent } from './limits/thresholds.ts'
import { createProviders } from './providers/create-providers.ts'
import { publicLookup } from './providers/transport.ts'
import { type Bodies, createTranscripts } from './records/bodies/create-transcripts.ts'
import { openBooks } from './records/books.ts'
import { createHandIn } from './records/hand-in.ts'
import { createRowRetention } from './records/row-retention.ts'
import { createAffinity } from './routing/affinity.ts'
import { createBreakers } from './routing/breaker.ts'
import { createOwnConfigReader } from './routing/own-configs.ts'
import { readRevision } from './store/changes.ts'
import { type Store, type StoreOptions, openStore } from './store/database.ts'
import { type Directory, createDirectory } from './store/directory.ts'
import { type FirstSecrets, newSignInLink, prepareFirstStart } from './store/first-start.ts'
import { lockStore } from './store/lock-store.ts'
import { readSpent } from './store/spent.ts'
import { countLogExports } from './store/log-exports.ts'
import { findOrganisation } from './store/organisations.ts'
import { createDayFinder } from './store/rollups/hour-and-day.ts'
import { keepRollUps } from './store/rollups/keep-roll-ups.ts'
import { readRollUpState } from './store/rollups/read-state.ts'
import { type Logger, createLogger } from './telemetry/logger.ts'
import { type ContentNumbers, createMetrics } from './telemetry/metrics.ts'
import { createExchangeExport, type ExchangeExport } from './telemetry/otel/export-exchanges.ts'
import { openExporter } from './telemetry/otel/open-exporter.ts'
import { registerMetrics } from './telemetry/register-metrics.ts'
import { VERSION } from './version.ts'

export interface App {
  /** Where it listens, such as `http://127.0.0.1:8787`. */
  readonly url: string
  /** Where clients reach it: PORTCULLIS_PUBLIC_URL, or the address it listens on. */
  readonly publicUrl: string
  /** Printed once; undefined from the second start on. */
  readonly firstSecrets: FirstSecrets | undefined
  /** A link that signs the owner in to the console: one use, 24 hours. For whoever can start the process. */
  newSignInLink(): Promise<string>
  /** Resolves when everything that was finished so far can be read from the store. */
  flush(): Promise<void>
  /**
   * Refuses new work, lets running answers finish for at most `drainMs` (by default as configured), then closes everything.
   * Safe to call again with less patience.
   */
  stop(drainMs?: number): Promise<void>
}

export interface AppOptions {
  readonly clock?: Clock
  readonly log?: Logger
}

/**
 * Builds every part, top to bottom, and starts listening. Each part that has to be closed says so on the next line; they are
 * closed in the opposite order, also when a later one cannot be built.
 */
export async function startApp(config: Config, options: AppOptions = {}): Promise<App> {
  const clock = options.clock ?? systemClock
  const log = options.log ?? createLogger(config.PORTCULLIS_LOG_LEVEL)
  const closings: (() => Promise<void>)[] = []
  const close = async () => {
    for (let closing = closings.pop(); closing !== undefined; closing = closings.pop()) await closing()
  }
  try {
    return await build()
  } catch (error) {
    await close()
    throw error
  }

  async function build(): Promise<App> {
    const store = await openStore(placeOfStore(config, closings))
    closings.push(() => store.close())

    const masterKey = openMasterKey({
      value: config.PORTCULLIS_MASTER_KEY,
      file: join(config.PORTCULLIS_DATA, 'master.key'),
    })
    const vault = createVault(masterKey.sealing)
    const keys = createKeyMaker(masterKey.pepper)
    const presetAdminKey = config.PORTCULLIS_ADMIN_KEY
    const firstSecrets = await prepareFirstStart({
      store,
      keys,
      clock,
      presetAdminKey,
      administratorScopes: ORGANISATION_SCOPES,
      developerScopes: DEFAULT_WORKSPACE_SCOPES,
    })

    const directory = await createDirectory({
      store,
      keys,
      clock,
      vault,
      presetAdminKey,
      trustedHosts: config.trustedHosts,
      administratorScopes: ORGANISATION_SCOPES,
      report: (problem) => log.error({ err: problem }, 'the picture of keys and providers could not be renewed'),
    })
    closings.push(async () => directory.close())

    const books = await openBooks({ folder: join(config.PORTCULLIS_DATA, 'journal'), clock, log, sink: store })
    closings.push(() => books.close())
    const rollUps = keepRollUps({
      db: store.db,
      clock,
      zone: () => directory.organisation().timeZone ?? 'UTC',
      report: (problem) => log.error({ err: problem }, 'the roll-ups could not be brought up to date'),
    })
    closings.push(() => rollUps.stop())
    // Closed before the books: what the last exchanges say of themselves goes into the store as well.
    const bodies = await createTranscripts({
      clock,
      log,
      store,
      sealing: masterKey.content,
      place:
        config.PORTCULLIS_DATABASE_URL === undefined
          ? { folder: join(config.PORTCULLIS_DATA, 'bodies') }
          : { databaseUrl: config.PORTCULLIS_DATABASE_URL },
      queueBytesMax: config.PORTCULLIS_BODY_QUEUE_BYTES_MAX,
      memoryBytesMax: config.PORTCULLIS_BODY_MEMORY_BYTES_MAX,
    })
    closings.push(() => bodies.close())
    const rowRetention = createRowRetention({ clock, db: store.db, log })
    rowRetention.start()
    closings.push(() => rowRetention.stop())
    const content = countFailures(bodies, log)
    const exports = createExportRunner({
      clock,
      store,
      bodies,
      files: openExportFolder(join(config.PORTCULLIS_DATA, 'exports')),
      bytesMax: config.PORTCULLIS_EXPORT_BYTES_MAX,
      report: (problem) => log.error({ err: problem }, 'an export could not be written'),
    })
    closings.push(() => exports.stop())
    const flushRecords = async () => {
      await books.flush()
      await bodies.flush()
    }
    const alerts = openAlerts({
      clock,
      db: store.db,
      organisationId: (await findOrganisation(store.db))!.id,
      vault,
      trustedHosts: config.trustedHosts,
      lookup: publicLookup,
      mailServer: config.mailServer,
      version: VERSION,
      report: (message, problem) => log.warn({ err: problem }, message),
    })
    closings.push(() => alerts.close())
    const limits = await openLimits({ store, directory, clock, onThreshold: alerts.budgetReached })

    const providers = createProviders({ clock, trustedHosts: config.trustedHosts })
    closings.push(() => providers.close())
    const breakers = createBreakers({ clock })
    const answers = createAnswerCache({
      clock,
      db: store.db,
      report: (problem) => log.warn({ err: problem }, 'cached answers could not be read or written'),
    })
    closings.push(() => answers.close())
    const exported = await openExport(config, { clock, log, directory })
    closings.push(async () => exported?.stop())
    const metrics = createMetrics({
      version: VERSION,
      kindOf: (workspaceId, slug) => directory.provider(workspaceId, slug)?.kind,
      books: () => books.stats(),
      answers: () => answers.stats(),
      content: content.stats,
      exported: () => exported?.numbers(),
      toldByClients: () => intake.numbers(),
      stored: async () => ({
        isBuildingRollUps: (await readRollUpState(store.db)).building !== undefined,
        exports: await countLogExports(store.db),
      }),
      budgets: () => limits.budgets.stats(),
      circuits: () => breakers.list(),
      running: () => plane.running,
    })

    const recorder = alerts.watchPrices(metrics.watch(books.recorder))
    const app = createServer(config, clock)
    closings.push(() => app.close())
    const routing = {
      clock,
      catalogue: directory,
      configs: { find: directory.config, read: createOwnConfigReader() },
      providers: providers.byKind,
      limits,
    }
    const intake = registerOtlp(app, {
      clock,
      db: store.db,
      findCaller: (headers) => findCaller(directory, headers),
      dayOf: createDayFinder(() => directory.organisation().timeZone ?? 'UTC'),
      report: (problem) => log.error({ err: problem }, 'telemetry of clients could not be kept'),
    })
    const plane = registerDataPlane(app, {
      ...routing,
      keys: directory,
      prices: directory,
      ledger: books.ledger,
      transcripts: bodies,
      transcriptFailed: content.failed,
      recorder: exported?.watch(recorder) ?? recorder,
      report: reportTo(log),
      warn: ({ message, ...facts }) => log.warn(facts, message),
      affinity: createAffinity({ clock }),
      breakers,
      answers,
      random: Math.random,
      timeouts: {
        connectMs: config.PORTCULLIS_CONNECT_TIMEOUT_MS,
        firstByteMs: config.PORTCULLIS_FIRST_BYTE_TIMEOUT_MS,
        idleMs: config.PORTCULLIS_IDLE_TIMEOUT_MS,
        pingMs: config.PORTCULLIS_PING_MS,
        firstEventMs: config.PORTCULLIS_FIRST_EVENT_TIMEOUT_MS,
      },
      requestLimits: { bodyBytesMax: config.PORTCULLIS_BODY_BYTES_MAX },
      clientStallMs: config.PORTCULLIS_CLIENT_STALL_MS,
      endsRunning: () => directory.organisation().endRunningStreams ?? true,
      version: VERSION,
      isReady: () =>
        readRevision(store.db).then(
          () => true,
          () => false,
        ),
    })
    serveCli(app)
    registerMetrics(app, {
      metrics,
      isPublic: config.PORTCULLIS_METRICS_PUBLIC,
      isAdministrator: (secret) => {
        const holder = directory.adminCaller(secret)
        return holder !== undefined && holder.workspaceId === undefined
      },
    })

    // Known once it is listened on.
    let url = ''
    const publicUrl = () => config.PORTCULLIS_PUBLIC_URL?.replace(/\/+$/, '') ?? url
    registerAdmin(app, {
      clock,
      store,
      directory,
      vault,
      keys,
      trustedHosts: config.trustedHosts,
      version: VERSION,
      publicUrl,
      settingsText: (url, key) => formatSettingsBlock(settingsBlock({ url, key })),
      flushRecords,
      bodies,
      handIn: createHandIn({ clock, prices: directory, recorder: books.recorder, transcripts: bodies }),
      exports,
      circuits: () => breakers.list(),
      alerts,
      limits: {
        state(limitId, bucket = limitId) {
          const limit = limits.rulebook().find(limitId)
          return limit?.kind === 'budget' ? limits.budgets.state(limit, bucket) : undefined
        },
        buckets: (limitId) => limits.budgets.buckets(limitId),
      },
      preview: (keyHash, asked) => previewFor(directory.findByHash(keyHash), asked, routing),
      forgetAnswers: (workspaceId) => answers.forget(workspaceId),
      report: (problem) => log.error({ err: problem }, 'a request to the admin API failed'),
    })
    alerts.watch({
      circuits: () => breakers.list(),
      books: () => books.stats(),
      find: (limitId) => limits.rulebook().find(limitId),
      budgets: limits.budgets,
    })
    url = await app.listen({ host: config.HOST, port: config.PORT })

    let stopping: Promise<void> | undefined
    return {
      url,
      publicUrl: publicUrl(),
      firstSecrets,
      newSignInLink: async () => `${publicUrl()}/signin?token=${await newSignInLink({ store, keys, clock })}`,
      flush: flushRecords,
      stop(drainMs = config.PORTCULLIS_DRAIN_MS) {
        const drained = plane.drain(drainMs)
        stopping ??= drained.then(close)
        return stopping
      },
    }
  }
}

/** With PostgreSQL, too, the journal in the data folder is one gateway's alone; SQLite's thread sees to it by itself. */
function placeOfStore(config: Config, closings: (() => Promise<void>)[]): StoreOptions {
  const file = join(config.PORTCULLIS_DATA, 'portcullis.db')
  const url = config.PORTCULLIS_DATABASE_URL
  if (url === undefined) return { file }
  const lock = lockStore(file)
  closings.push(async () => lock.close())
  return { url }
}

/** Counts from where the ledger stands, so the journal of the last run has to be in the store by now. */
async function openLimits({ store, directory, clock, onThreshold }: LimitParts): Promise<CountedLimits> {
  const zone = () => directory.organisation().timeZone ?? 'UTC'
  return {
    rulebook: directory.rulebook,
    budgets: createBudgets({
      clock,
      zone,
      resets: (bucket) => directory.rulebook().resetAt(bucket),
      find: (limitId) => directory.rulebook().find(limitId),
      spent: await readSpent(store.db, { zone: zone(), now: clock.now() }),
      onThreshold,
    }),
    rates: createRates({ clock }),
    gates: createGates({ clock, waitMs: GATE_WAIT_MS, waitersMax: GATE_WAITERS_MAX }),
    organisation() {
      const { timeZone, contact } = directory.organisation()
      return { timeZone, contact }
    },
  }
}

interface CountedLimits extends CallLimits {
  readonly budgets: CountedBudgets
}

interface LimitParts {
  readonly store: Store
  readonly directory: Directory
  readonly clock: Clock
  readonly onThreshold: (event: ThresholdEvent) => void
}

/** Only where a collector is named: its libraries are not even loaded otherwise. */
async function openExport(
  { collector }: Config,
  { clock, log, directory }: { readonly clock: Clock; readonly log: Logger; readonly directory: Directory },
): Promise<ExchangeExport | undefined> {
  if (collector === undefined) return undefined
  const exporter = await openExporter(collector, VERSION, (workspaceId, slug) => directory.provider(workspaceId, slug))
  return createExchangeExport({
    clock,
    exporter,
    report: (problem) => log.warn({ err: problem }, 'the collector of telemetry does not take what it is sent'),
  })
}

/** In line for one of the requests that may run at the same time; a developer takes a pause of this length for thinking. */
const GATE_WAIT_MS = 5_000
const GATE_WAITERS_MAX = 100

/** Failures of exchanges in the operator's log, as loud as it is the operator's turn. */
function reportTo(log: Logger): (failure: ReportedFailure) => void {
  return ({ error, requestId, provider }) => {
    const { fault } = error.spec
    const facts = { code: error.code, fault, requestId, provider, detail: error.detail }
    if (fault === 'upstream') log.warn(facts, error.message)
    else log.error({ ...facts, err: error.cause }, error.message)
  }
}

/** What could not even be handed over counts as lost. The first failure is told; all others would say the same. */
function countFailures(bodies: Bodies, log: Logger): { stats(): ContentNumbers; failed(problem: unknown): void } {
  let failures = 0
  return {
    stats() {
      const stats = bodies.stats()
      return { ...stats, lost: stats.lost + failures }
    },
    failed(problem) {
      if (failures++ === 0) log.error({ err: problem }, 'the content of an exchange could not be handed over')
    },
  }
}

/** One server for both planes. Its limits hold before any route is known. */
function createServer(config: Config, clock: Clock): FastifyInstance {
  const app = Fastify({
    logger: false,
    // At the end of a drain the idle connections of clients are all that is left.
    forceCloseConnections: true,
    keepAliveTimeout: 75_000,
    requestTimeout: config.PORTCULLIS_REQUEST_TIMEOUT_MS,
    http: {
      maxHeaderSize: config.PORTCULLIS_HEADER_BYTES_MAX,
      headersTimeout: config.PORTCULLIS_HEAD_TIMEOUT_MS,
      requestTimeout: config.PORTCULLIS_REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: Math.min(5_000, config.PORTCULLIS_HEAD_TIMEOUT_MS),
      noDelay: true,
    },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, clock),
    // Paths that cannot be decoded, or with a name in them longer than any of ours.
    frameworkErrors: (_error, request, reply) => answerWrongPath(request, reply, clock),
  })
  app.server.maxConnections = config.PORTCULLIS_CONNECTIONS_MAX
  return app
}

/** `GET /cli.tgz`: the command line as a package, so that a developer needs neither a clone nor an account on a registry. */
function serveCli(app: FastifyInstance): void {
  let built: Promise<Buffer> | undefined
  app.get('/cli.tgz', async (_request, reply) => {
    built ??= buildCliPackage({ version: VERSION })
    return reply.type('application/gzip').send(await built)
  })
}

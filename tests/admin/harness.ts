import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { expect, inject, onTestFinished } from 'vitest'
import { openExportFolder } from '../../src/admin/exports/export-folder.ts'
import { createExportRunner, type ExportRunner } from '../../src/admin/exports/run-exports.ts'
import { registerAdmin } from '../../src/admin/http.ts'
import { openAlerts, type Alerts } from '../../src/alerts/open-alerts.ts'
import type { CircuitStatus } from '../../src/admin/parts.ts'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { DEFAULT_WORKSPACE_SCOPES, ORGANISATION_SCOPES, WORKSPACE_SCOPES } from '../../src/contract/scopes.ts'
import { createKeyMaker } from '../../src/credentials/api-key.ts'
import { createVault, type Vault } from '../../src/credentials/vault.ts'
import type { Budgets } from '../../src/limits/budgets.ts'
import { createBudgets } from '../../src/limits/create-budgets.ts'
import { publicLookup } from '../../src/providers/transport.ts'
import type { BodyReader, BodyRemover } from '../../src/records/bodies/body-reader.ts'
import { exchangeRow } from '../../src/records/exchange-row.ts'
import { createHandIn } from '../../src/records/hand-in.ts'
import { NO_TRANSCRIPT, type Transcripts } from '../../src/records/transcript.ts'
import { deleteCacheEntriesOf } from '../../src/store/cache-entries.ts'
import { openStore, type Store } from '../../src/store/database.ts'
import { createDirectory, type Directory } from '../../src/store/directory.ts'
import { prepareFirstStart } from '../../src/store/first-start.ts'
import { findOrganisation } from '../../src/store/organisations.ts'
import { listWorkspaces, type Workspace } from '../../src/store/workspaces.ts'
import { previewFor } from '../../src/gateway/preview-call.ts'
import { createProviders } from '../../src/providers/create-providers.ts'
import { createOwnConfigReader } from '../../src/routing/own-configs.ts'
import { createManualClock, type ManualClock } from '../../src/testing/clock.ts'
import { makeDatabase } from '../store/postgres-place.ts'
import { addWorkspace } from '../store/tenants.ts'
import { makeDryStore } from './dry-run.ts'
import { keepBodies } from './kept-bodies.ts'

export const ADMIN_KEY = 'an-administrators-key-of-the-tests'

/** A control plane on a store of its own, as after a first start, with a second workspace beside the default one. */
export interface ControlPlane {
  readonly app: FastifyInstance
  readonly store: Store
  readonly directory: Directory
  readonly vault: Vault
  readonly clock: ManualClock
  readonly alerts: Alerts
  /** What calls would hold and spend; tests do so in their place. */
  readonly budgets: Budgets
  readonly exports: ExportRunner
  readonly workspace: Workspace
  readonly otherWorkspace: Workspace
  /** What was reported to the operator. */
  readonly problems: readonly unknown[]
  /** Of the sign-in link that a first start prints. */
  readonly signInToken: string
  /** Sends a request as the administrator, or with another key (`null`: without any). */
  call(method: Method, path: string, body?: unknown, key?: string | null): Promise<Answer>
  /** Makes a key in a workspace (by default the first) and returns it. */
  newKey(scopes: readonly string[], more?: object): Promise<{ readonly id: string; readonly key: string }>
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  // Tests look into answers of many shapes; what they expect is checked where they look.
  readonly body: Record<string, never> & {
    readonly data: { readonly [member: string]: never } & readonly Record<string, never>[]
  }
  readonly text: string
}

export interface ControlPlaneOptions {
  readonly publicUrl?: string
  readonly trustedHosts?: readonly string[]
  /** Where alerts are mailed. */
  readonly mailServer?: { readonly url: string; readonly from: string }
  /** What the breakers report; a test may add to it later. */
  readonly circuits?: readonly CircuitStatus[]
  /** What was kept of content; nothing without. */
  readonly bodies?: BodyReader & BodyRemover
  /** How much room there is for the files of exports. */
  readonly exportBytesMax?: number
  /** Who keeps what is handed in; nobody without. */
  readonly transcripts?: Transcripts
  /** While it says so, changes are made and undone. */
  readonly isDry?: () => boolean
}

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-admin-'))
  const clock = createManualClock()
  const { store, clear } = await openPlace(folder)
  const keys = createKeyMaker(Buffer.alloc(32, 1))
  const vault = createVault(Buffer.alloc(32, 2))
  const first = await prepareFirstStart({
    store,
    keys,
    clock,
    presetAdminKey: ADMIN_KEY,
    administratorScopes: ORGANISATION_SCOPES,
    developerScopes: DEFAULT_WORKSPACE_SCOPES,
  })
  const organisation = await findOrganisation(store.db)
  const otherWorkspace = await addWorkspace(store.db, organisation!.id, { slug: 'ws-other', name: 'Other' })
  const { items: workspaces } = await listWorkspaces(store.db, organisation!.id)
  const trustedHosts = options.trustedHosts ?? []
  const directory = await createDirectory({
    store,
    keys,
    clock,
    vault,
    presetAdminKey: ADMIN_KEY,
    trustedHosts,
    administratorScopes: ORGANISATION_SCOPES,
    report: (problem) => {
      throw problem
    },
  })
  const budgets = createBudgets({
    clock,
    zone: () => 'UTC',
    resets: (bucket) => directory.rulebook().resetAt(bucket),
    find: (limitId) => directory.rulebook().find(limitId),
    onThreshold: (event) => alerts.budgetReached(event),
  })
  const problems: unknown[] = []
  const alerts = openAlerts({
    clock,
    db: store.db,
    organisationId: organisation!.id,
    vault,
    trustedHosts,
    lookup: publicLookup,
    mailServer: options.mailServer,
    version: '1.2.3',
    report: (message, problem) => problems.push(problem ?? message),
  })
  const providers = createProviders({ clock, trustedHosts })
  const routing = {
    clock,
    catalogue: directory,
    configs: { find: directory.config, read: createOwnConfigReader() },
    providers: providers.byKind,
    limits: directory,
  }
  const bodies = options.bodies ?? keepBodies()
  const exports = createExportRunner({
    // Its pauses are as long as its pages took, and nobody turns this clock's hand for them.
    clock: { ...clock, monotonic: () => 0 },
    store,
    bodies,
    files: openExportFolder(join(folder, 'exports')),
    bytesMax: options.exportBytesMax ?? Infinity,
    report: (problem) => problems.push(problem),
  })
  // In place of the journal: rows that were handed in are in the store when somebody asks for them.
  let written: Promise<void> = Promise.resolve()
  const handIn = createHandIn({
    clock,
    prices: directory,
    recorder: {
      record(record) {
        const isDry = options.isDry?.() === true
        if (!isDry) written = written.then(() => store.insertMany('exchanges', [exchangeRow(record)]))
      },
    },
    transcripts: options.transcripts ?? { begin: () => NO_TRANSCRIPT },
  })
  const app = Fastify()
  // No two changes in one millisecond, so that lists have one order.
  app.addHook('onRequest', async () => clock.advance(1))
  registerAdmin(app, {
    clock,
    store: options.isDry === undefined ? store : makeDryStore(store, options.isDry),
    directory,
    vault,
    keys,
    trustedHosts,
    version: '1.2.3',
    publicUrl: () => options.publicUrl ?? 'http://gateway.example.com',
    settingsText: (url, key) => `settings for ${url} with ${key}`,
    flushRecords: () => written,
    bodies,
    handIn,
    exports,
    circuits: () => options.circuits ?? [],
    alerts,
    limits: {
      state(limitId, bucket = limitId) {
        const limit = directory.rulebook().find(limitId)
        return limit?.kind === 'budget' ? budgets.state(limit, bucket) : undefined
      },
      buckets: (limitId) => budgets.buckets(limitId),
    },
    preview: (keyHash, asked) => previewFor(directory.findByHash(keyHash), asked, routing),
    forgetAnswers: (workspaceId) => deleteCacheEntriesOf(store.db, workspaceId),
    report: (problem) => problems.push(problem),
  })
  await app.ready()
  onTestFinished(async () => {
    await app.close()
    await exports.stop()
    await written
    await alerts.close()
    await providers.close()
    directory.close()
    await store.close()
    await clear()
    rmSync(folder, { recursive: true, force: true })
  })

  const plane: ControlPlane = {
    app,
    store,
    directory,
    vault,
    clock,
    alerts,
    budgets,
    exports,
    problems,
    workspace: workspaces.find(({ isDefault }) => isDefault)!,
    otherWorkspace,
    signInToken: first!.signInToken,
    async call(method, path, body, key = ADMIN_KEY) {
      const response = await app.inject({
        method,
        url: `/v1${path}`,
        headers: {
          ...(key !== null && { 'x-portkey-api-key': key }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      })
      const answer = {
        status: response.statusCode,
        headers: response.headers,
        body: response.json(),
        text: response.body,
      }
      if (answer.status === 200) expectDocumented(method, path, answer.body)
      return answer
    },
    async newKey(scopes, { type = 'service', ...more }: { type?: string } & object = {}) {
      const answer = await plane.call('POST', `/api-keys/workspace/${type}`, {
        name: 'A key',
        scopes,
        workspace_id: plane.workspace.id,
        ...more,
      })
      expect(answer.text).toContain('"key"')
      return answer.body as unknown as { id: string; key: string }
    },
  }
  return plane
}

/** By default on SQLite; the run on PostgreSQL gives each control plane a database of its own. */
async function openPlace(folder: string): Promise<{ readonly store: Store; clear(): Promise<void> }> {
  if (inject('engine') === 'sqlite') {
    return { store: await openStore({ file: join(folder, 'store.db') }), clear: async () => {} }
  }
  const { url, drop } = await makeDatabase()
  return { store: await openStore({ url }), clear: drop }
}

/** Everything a workspace's key may hold. */
export const ALL_WORKSPACE_SCOPES = [...WORKSPACE_SCOPES]

/** The answer has the members that its schema promises, and no others. */
function expectDocumented(method: Method, path: string, body: unknown): void {
  const [withoutQuery = ''] = path.split('?')
  // The server, too, takes a written path before one with parameters.
  const [route] = ADMIN_ROUTES.filter((each) => each.method === method && matches(each.path, withoutQuery)).toSorted(
    (one, other) => one.path.split(':').length - other.path.split(':').length,
  )
  if (route !== undefined) expect(route.reply.parse(body)).toEqual(body)
}

function matches(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replaceAll(/:\w+/g, '[^/]+')}$`).test(path)
}

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { header } from '../core/headers.ts'
import { send } from './http.ts'
import { type ScriptedUpstream, type ScriptedUpstreamOptions, startScriptedUpstream } from './scripted-upstream.ts'

/** The credential that the gateway holds for the provider `@upstream`. */
export const UPSTREAM_CREDENTIAL = 'sk-ant-a-credential-of-tests'

/** A whole gateway as `npm start` builds it, on a data folder of its own, with a scripted upstream behind `@upstream`. */
export interface TestGateway {
  readonly url: string
  readonly adminKey: string
  /** A developer's key whose requests go to `@upstream`. */
  readonly key: string
  readonly upstream: ScriptedUpstream
  /** Calls the admin API as the administrator; throws for anything but 200. */
  admin<Answer>(method: string, path: string, document?: object): Promise<Answer>
  /** A further developer's key, with its id. */
  createKey(more?: object): Promise<{ readonly id: string; readonly key: string }>
  /** All exchanges so far, oldest first. */
  logs(): Promise<LogRow[]>
  /** The sums of the account book. */
  summary(): Promise<UsageSummary>
  /** Stops accepting requests and waits so long for running answers. */
  drain(drainMs: number): Promise<void>
  stop(): Promise<void>
}

/** The members of a log row that tests look at. */
export interface LogRow {
  /** Slug of the provider that answered. */
  readonly virtual_key: string | null
  /** Where the target that answered stands in the config. */
  readonly target_path: string | null
  /** Every target that was tried or skipped, in order. */
  readonly route: readonly { readonly path: string; readonly provider: string | null; readonly result: string }[]
  readonly session_id: string | null
  readonly agent_id: string | null
  readonly request_class: string | null
  readonly model_asked: string | null
  readonly model_served: string | null
  readonly outcome: string
  readonly interrupted_by: string | null
  readonly error_code: string | null
  readonly response_status_code: number
  readonly request_url: string
  readonly cost_usd: string
  readonly tokens: Tokens
  readonly flags: readonly string[]
}

export interface UsageSummary {
  readonly requests: number
  readonly upstream_calls: number
  readonly tokens: Tokens
  readonly cost_usd: string
}

/** Counts as the admin API names them. */
export interface Tokens {
  readonly input: number
  readonly output: number
  readonly cache_read: number
  readonly cache_write_5m: number
  readonly cache_write_1h: number
}

export interface TestGatewayOptions {
  readonly upstream?: ScriptedUpstreamOptions
  /** Hosts besides that of `@upstream` which providers may live on, with their ports. */
  readonly trustedHosts?: readonly string[]
  /** Further settings, as in the environment. */
  readonly settings?: Readonly<Record<string, string>>
}

export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const upstream = await startScriptedUpstream(options.upstream)
  const data = mkdtempSync(join(tmpdir(), 'portcullis-data-'))
  const adminKey = `pcl_${randomBytes(24).toString('hex')}`
  const app = await startApp(
    readConfig({
      PORT: '0',
      PORTCULLIS_DATA: data,
      PORTCULLIS_ADMIN_KEY: adminKey,
      PORTCULLIS_LOG_LEVEL: 'silent',
      TRUSTED_CUSTOM_HOSTS: [new URL(upstream.origin).host, ...(options.trustedHosts ?? [])].join(','),
      ...options.settings,
    }),
  )

  async function admin<Answer>(method: string, path: string, document?: object): Promise<Answer> {
    const { status, headers, body } = await send(`${app.url}/v1${path}`, {
      method,
      headers: ['x-portkey-api-key', adminKey, ...(document === undefined ? [] : ['content-type', 'application/json'])],
      ...(document !== undefined && { body: JSON.stringify(document) }),
    }).answer
    if (status !== 200) throw new Error(`${method} ${path} was answered with ${status}: ${body.toString()}`)
    return (header(headers, 'content-type')?.includes('json') ? JSON.parse(body.toString()) : undefined) as Answer
  }

  await admin('POST', '/integrations', {
    name: 'upstream',
    slug: 'upstream',
    ai_provider_id: 'anthropic',
    key: UPSTREAM_CREDENTIAL,
    configurations: { custom_host: `${upstream.origin}/v1` },
  })
  const { data: workspaces } = await admin<{ data: { slug: string }[] }>('GET', '/admin/workspaces')

  let keys = 0
  const createKey = (more: object = {}) =>
    admin<{ id: string; key: string }>('POST', '/api-keys/workspace/service', {
      name: `key ${(keys += 1)}`,
      workspace_id: workspaces[0]!.slug,
      defaults: { provider: '@upstream' },
      ...more,
    })

  return {
    url: app.url,
    adminKey,
    key: (await createKey()).key,
    upstream,
    admin,
    createKey,
    async logs() {
      await app.flush()
      const { data: rows } = await admin<{ data: LogRow[] }>('GET', '/logs?limit=200')
      return rows.toReversed()
    },
    async summary() {
      await app.flush()
      return admin('GET', '/usage/summary')
    },
    drain: (drainMs) => app.stop(drainMs),
    async stop() {
      await app.stop(0)
      await upstream.stop()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it, onTestFinished } from 'vitest'
import { startApp, type App } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { send } from '../../src/testing/http.ts'

const ADMIN_KEY = 'an-administrators-key-of-the-tests'

async function start(data: string): Promise<App> {
  const settings = { PORT: '0', PORTCULLIS_DATA: data, PORTCULLIS_LOG_LEVEL: 'silent' }
  return startApp(readConfig({ ...settings, PORTCULLIS_ADMIN_KEY: ADMIN_KEY }))
}

/** Asks the admin API; throws for anything but 200. */
async function ask<Answer>({ url }: App, method: string, path: string, body?: unknown, key = ADMIN_KEY) {
  const answer = await send(`${url}/v1${path}`, {
    method,
    headers: [
      ...['x-portkey-api-key', key, 'x-portcullis-reason', 'a test'],
      ...(body === undefined ? [] : ['content-type', 'application/json']),
    ],
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).answer
  expect([path, answer.status, answer.body.toString()]).toEqual([path, 200, expect.any(String)])
  return JSON.parse(answer.body.toString()) as Answer
}

it('what is handed in is kept, comes out of an export byte for byte, and the file outlives a restart', async () => {
  const data = mkdtempSync(join(tmpdir(), 'portcullis-exports-'))
  let app = await start(data)
  onTestFinished(async () => {
    await app.stop(0)
    rmSync(data, { recursive: true, force: true })
  })
  const { data: workspaces } = await ask<{ data: { id: string }[] }>(app, 'GET', '/admin/workspaces')
  const { key } = await ask<{ key: string }>(app, 'POST', '/api-keys/workspace/service', {
    name: 'CI',
    workspace_id: workspaces[0]!.id,
    scopes: ['logs.write', 'logs.view', 'analytics.view'],
  })
  const item = (at: number) => ({
    request: {
      url: '/v1/messages',
      headers: { authorization: 'secret' },
      body: { model: 'claude-opus-4-5', said: at },
    },
    response: { body: { answered: at, usage: { input_tokens: 10, output_tokens: 5 } } },
    metadata: { traceId: `trace-${at}` },
  })
  const { log_ids: ids } = await ask<{ log_ids: string[] }>(app, 'POST', '/logs', [1, 2, 3].map(item), key)

  const wish = { requested_data: ['id', 'request', 'response', 'source', 'cost'] }
  const { id, total } = await ask<{ id: string; total: number }>(app, 'POST', '/logs/exports', wish)
  expect(total).toBe(3)
  await ask(app, 'POST', `/logs/exports/${id}/start`)
  // At once: what is not written yet is written by the next process.
  await app.stop(0)
  app = await start(data)
  type Shown = { status: string; error: string | null }
  let shown: Shown
  do shown = await ask<Shown>(app, 'GET', `/logs/exports/${id}`)
  while (shown.status === 'in_progress')
  expect(shown).toMatchObject({ status: 'success', error: null, total_records: 3 })

  const { signed_url: url } = await ask<{ signed_url: string }>(app, 'GET', `/logs/exports/${id}/download`)
  const { status, body } = await send(url, { method: 'GET' }).answer
  expect(status).toBe(200)
  const rows = gunzipSync(body)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string })
  expect(rows.toSorted((one, other) => ids.indexOf(one.id) - ids.indexOf(other.id))).toEqual(
    [1, 2, 3].map((at) => ({
      id: ids[at - 1],
      request: expect.objectContaining({
        url: '/v1/messages',
        headers: { authorization: '********' },
        body: item(at).request.body,
      }),
      response: expect.objectContaining({ body: item(at).response.body }),
      source: 'api',
      cost: 0.0175,
    })),
  )
  const file = readdirSync(join(data, 'exports')).find((name) => name.endsWith('.gz'))!
  expect(readFileSync(join(data, 'exports', file)).equals(body)).toBe(true)
  expect(statSync(join(data, 'exports', file)).mode & 0o777).toBe(0o600)

  const { summary } = await ask<{ summary: object }>(app, 'GET', '/analytics/graphs/cost', undefined, key)
  expect(summary).toEqual({ total: 0.0525, avg: 0.0175 })
})

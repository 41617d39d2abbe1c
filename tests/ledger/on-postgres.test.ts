import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { startGateway } from '../../src/testing/gateway.ts'
import { send, sendJson } from '../../src/testing/http.ts'
import { createDatabase, findPostgres, startPostgres } from '../../src/testing/postgres.ts'
import { hasPostgres, makeDatabase } from '../store/postgres-place.ts'

/* Whole gateways on PostgreSQL: one whose database goes away and comes back, and several on one. */

const binaries = findPostgres()

/** The machine may be busy; a broken promise still ends. */
const WAIT = { timeout: 30_000, interval: 50 }

test.skipIf(binaries === undefined)(
  'while PostgreSQL is away requests go on and their rows wait; when it is back they are there once, and nothing was restarted',
  async () => {
    const server = await startPostgres(binaries!)
    onTestFinished(() => server.clear())
    const url = await createDatabase(server.address, 'portcullis')
    const gateway = await startGateway({ settings: { PORTCULLIS_DATABASE_URL: url } })
    onTestFinished(() => gateway.stop())
    const ask = (model: string) => statusOf(gateway.url, gateway.key, model)
    const readiness = async () => (await send(`${gateway.url}/readyz`, { method: 'GET' }).answer).status

    expect(await ask('claude-before')).toBe(200)
    expect(await readiness()).toBe(200)
    expect(await gateway.logs()).toHaveLength(1)

    await server.stop()
    expect(await readiness()).toBe(503)
    for (const number of [1, 2, 3]) expect(await ask(`claude-away-${number}`)).toBe(200)
    await expect(gateway.admin('PUT', '/integrations/upstream', { name: 'Lost' })).rejects.toThrow('answered with 500')

    await server.start()
    await expect.poll(readiness, WAIT).toBe(200)
    const rows = await gateway.logs()
    expect(rows.map(({ model_asked: model }) => model)).toEqual([
      'claude-before',
      'claude-away-1',
      'claude-away-2',
      'claude-away-3',
    ])
    expect(await gateway.summary()).toMatchObject({ requests: 4, upstream_calls: 4 })
    await gateway.admin('PUT', '/integrations/upstream', { name: 'Kept' })
    expect(await ask('claude-after')).toBe(200)
  },
  60_000,
)

test.skipIf(!hasPostgres)(
  'gateways on one database know the same keys, each with a data folder of its own',
  async () => {
    const place = await makeDatabase()
    onTestFinished(() => place.drop())
    const folders = [makeFolder(), makeFolder()] as const
    const shared = { PORTCULLIS_DATABASE_URL: place.url, PORTCULLIS_MASTER_KEY: '11'.repeat(32) }
    const one = await startGateway({ settings: { ...shared, PORTCULLIS_DATA: folders[0] } })
    onTestFinished(() => one.stop())
    const startOther = (folder: string) =>
      startApp(
        readConfig({
          PORT: '0',
          PORTCULLIS_LOG_LEVEL: 'silent',
          TRUSTED_CUSTOM_HOSTS: new URL(one.upstream.origin).host,
          PORTCULLIS_DATA: folder,
          ...shared,
        }),
      )
    await expect(startOther(folders[0])).rejects.toThrow(/Another gateway already uses .* a data folder of its own/)

    const other = await startOther(folders[1])
    onTestFinished(() => other.stop(0))
    expect(other.firstSecrets).toBeUndefined()
    const { id, key } = await one.createKey()
    await expect.poll(() => statusOf(other.url, key, 'claude-there'), WAIT).toBe(200)
    await one.admin('DELETE', `/api-keys/${id}`)
    await expect.poll(() => statusOf(other.url, key, 'claude-there'), WAIT).toBe(401)
    await other.flush()
    expect(new Set((await one.logs()).map(({ model_asked: model }) => model))).toContain('claude-there')
  },
)

async function statusOf(url: string, key: string, model: string): Promise<number> {
  const body = { model, max_tokens: 16, messages: [{ role: 'user', content: 'Hello' }] }
  return (await sendJson(`${url}/v1/messages`, body, ['x-api-key', key]).answer).status
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-on-postgres-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

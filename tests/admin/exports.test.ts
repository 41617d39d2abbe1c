import { statSync, appendFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openExportFolder } from '../../src/admin/exports/export-folder.ts'
import { createExportRunner } from '../../src/admin/exports/run-exports.ts'
import { WORKSPACE_SCOPES } from '../../src/contract/scopes.ts'
import { exchangeRow } from '../store/rows.ts'
import { signIn } from './actors.ts'
import { ADMIN_KEY, startControlPlane, type ControlPlane, type ControlPlaneOptions } from './harness.ts'
import { keepBodies } from './kept-bodies.ts'

const NOW = Date.UTC(2026, 11, 1)

async function start(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const plane = await startControlPlane(options)
  plane.clock.advance(NOW - plane.clock.now())
  return plane
}

type Over = Parameters<typeof exchangeRow>[0]

async function addRows({ store, workspace }: ControlPlane, count: number, over: (at: number) => Over = () => ({})) {
  for (let from = 0; from < count; from += 10_000) {
    const rows = Array.from({ length: Math.min(10_000, count - from) }, (_, at) =>
      exchangeRow({
        id: `req_${String(from + at).padStart(8, '0')}`,
        organisation_id: workspace.organisationId,
        workspace_id: workspace.id,
        // Many share a moment, so that a page ends among them.
        received_at: NOW - 1_000 - Math.floor((from + at) / 7),
        ...over(from + at),
      }),
    )
    await store.insertMany('exchanges', rows)
  }
}

async function make({ call }: ControlPlane, body: object, key = ADMIN_KEY): Promise<string> {
  const made = await call('POST', '/logs/exports', body, key)
  expect(made.status, made.text).toBe(200)
  return String(made.body['id'])
}

async function run(plane: ControlPlane, id: string, key = ADMIN_KEY): Promise<void> {
  const started = await plane.call('POST', `/logs/exports/${id}/start`, undefined, key)
  expect(started.status, started.text).toBe(200)
  await plane.exports.settle()
}

async function fetchFile({ app, call }: ControlPlane, id: string, key = ADMIN_KEY, query = ''): Promise<string> {
  const link = await call('GET', `/logs/exports/${id}/download${query}`, undefined, key)
  expect(link.status, link.text).toBe(200)
  const { pathname, search } = new URL(String(link.body['signed_url']))
  const answer = await app.inject({ url: pathname + search })
  expect(answer.statusCode, answer.body).toBe(200)
  const isPacked = answer.headers['content-type'] === 'application/gzip'
  return (isPacked ? gunzipSync(answer.rawPayload) : answer.rawPayload).toString('utf8')
}

function idsOf(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly id: string }).id)
}

describe('an export', () => {
  it('holds the rows of its filter, once each, in the columns that were asked for', async () => {
    const plane = await start()
    await addRows(plane, 2_500, (at) => ({ status: at % 2 === 0 ? 200 : 429 }))
    const filters = { status_code: '429', time_of_generation_min: new Date(0).toISOString() }
    const requested = ['id', 'response_status_code', 'cost', 'mode']
    const made = await plane.call('POST', '/logs/exports', { filters, requested_data: requested })
    expect(made.body).toMatchObject({ total: 1_250, total_is_exact: true, object: 'export' })
    const id = String(made.body['id'])
    await run(plane, id)
    const text = await fetchFile(plane, id)
    expect(JSON.parse(text.split('\n')[0]!)).toEqual({
      // The newest, and among those of one moment the one that was named last.
      id: 'req_00000005',
      response_status_code: 429,
      cost: 0.1,
      mode: null,
    })
    const ids = idsOf(text)
    expect([ids.length, new Set(ids).size]).toEqual([1_250, 1_250])
    expect(await fetchFile(plane, id, ADMIN_KEY, '?compression=none')).toBe(text)
    const { body } = await plane.call('GET', `/logs/exports/${id}`)
    expect(body).toMatchObject({ status: 'success', total_records: 1_250, requested_data: requested })
    expect(statSync(plane.exports.pathOf(id)).mode & 0o777).toBe(0o600)
  })

  it('that a restart interrupts ends with exactly the rows of the filter', { timeout: 300_000 }, async () => {
    const plane = await start()
    const { store, clock, problems } = plane
    await addRows(plane, 120_000, (at) => ({ status: at % 10 === 0 ? 500 : 200 }))
    const id = await make(plane, { filters: { q: 'status:200' }, requested_data: ['id'] })
    const started = await plane.call('POST', `/logs/exports/${id}/start`)
    expect(started.status).toBe(200)
    const folder = plane.exports.pathOf(id).replace(/\/[^/]+$/, '')
    let restarts = 0
    let runner: Pick<typeof plane.exports, 'stop' | 'settle'> = plane.exports
    for (const rows of [1, 20_000, 50_000, 80_000]) {
      await waitFor(async () => (await readRow()).rows >= rows)
      await runner.stop()
      const { status, bytes } = await readRow()
      expect(status).toBe('in_progress')
      // As if the process had died between the file and the row.
      appendFileSync(plane.exports.pathOf(id), 'half a page that nobody knows of')
      expect(statSync(plane.exports.pathOf(id)).size).toBeGreaterThan(bytes)
      // What comes after the start is of another export.
      await store.insertMany('exchanges', [
        exchangeRow({ organisation_id: plane.workspace.organisationId, received_at: clock.now() + 1 }),
      ])
      restarts++
      runner = createExportRunner({
        clock,
        store,
        bodies: keepBodies(),
        files: openExportFolder(folder),
        bytesMax: Infinity,
        report: (problem) => expect(problem).toBe(undefined),
      })
    }
    await runner.settle()
    const ids = idsOf(await fetchFile(plane, id))
    expect([restarts, ids.length, new Set(ids).size]).toEqual([4, 108_000, 108_000])
    expect(await readRow()).toMatchObject({ status: 'success', rows: 108_000 })
    expect(problems).toEqual([])
    await runner.stop()

    async function readRow() {
      return await store.db.selectFrom('log_exports').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    }
  })

  it('is stopped, and started again from the beginning', async () => {
    const plane = await start()
    await addRows(plane, 3_000)
    const id = await make(plane, { requested_data: ['id'] })
    await plane.call('POST', `/logs/exports/${id}/start`)
    const cancelled = await plane.call('POST', `/logs/exports/${id}/cancel`)
    expect([cancelled.status, cancelled.body['object']]).toEqual([200, 'export'])
    await plane.exports.settle()
    expect((await plane.call('GET', `/logs/exports/${id}`)).body).toMatchObject({ status: 'stopped' })
    const early = await plane.call('GET', `/logs/exports/${id}/download`)
    expect([early.status, early.body.data['errorCode']]).toEqual([409, 'AB07'])
    expect((await plane.call('POST', `/logs/exports/${id}/cancel`)).status).toBe(409)
    await run(plane, id)
    expect(idsOf(await fetchFile(plane, id))).toHaveLength(3_000)
  })

  it('that finds nothing is an empty file, and a CSV its head', async () => {
    const plane = await start()
    const id = await make(plane, {})
    await run(plane, id)
    expect(await fetchFile(plane, id)).toBe('')
    const csv = await make(plane, { format: 'csv', requested_data: ['id', 'cost'] })
    await run(plane, csv)
    expect(await fetchFile(plane, csv)).toBe('id,cost\r\n')
  })

  it('as CSV holds no cell that a spreadsheet would compute', async () => {
    const plane = await start()
    const evil = ['=1+1', '+1', '-1', '@x', '\t=1', '\r=1', 'a "quoted", text\nof two lines']
    await addRows(plane, evil.length, (at) => ({ trace_id: evil[at]!, retries: -1 }))
    const id = await make(plane, { format: 'csv', requested_data: ['id', 'trace_id', 'retries', 'metadata'] })
    await run(plane, id)
    const text = await fetchFile(plane, id)
    expect(text).toContain(`req_00000000,'=1+1,-1,"{""team"":""payments""}"\r\n`)
    for (const trace of ["'+1", "'-1", "'@x", "'\t=1", `"'\r=1"`, '"a ""quoted"", text\nof two lines"']) {
      expect(text).toContain(`,${trace},-1,`)
    }
  })

  it('fails where the files of exports take all the room there is', async () => {
    const plane = await start({ exportBytesMax: 10 })
    await addRows(plane, 2_500)
    const id = await make(plane, {})
    await run(plane, id)
    const { body } = await plane.call('GET', `/logs/exports/${id}`)
    expect(body).toMatchObject({ status: 'failed', error: expect.stringContaining('PORTCULLIS_EXPORT_BYTES_MAX') })
  })

  it('is removed after seven days', async () => {
    const plane = await start()
    await addRows(plane, 1)
    const id = await make(plane, {})
    await run(plane, id)
    plane.clock.advance(7 * 86_400_000 + 3_600_000)
    await plane.exports.settle()
    expect((await plane.call('GET', `/logs/exports/${id}/download`)).status).toBe(404)
    expect(() => statSync(plane.exports.pathOf(id))).toThrow('ENOENT')
  })
})

describe('the link to a file', () => {
  it('is good for five minutes, for its own export and run, and as it was written', async () => {
    const plane = await start()
    await addRows(plane, 10)
    const ids = [await make(plane, {}), await make(plane, {})] as const
    for (const id of ids) await run(plane, id)
    const { body } = await plane.call('GET', `/logs/exports/${ids[0]}/download`)
    const { pathname, search } = new URL(String(body['signed_url']))
    const status = async (url: string) => (await plane.app.inject({ url })).statusCode
    expect(await status(pathname + search)).toBe(200)
    expect(await status(pathname.replace(ids[0], ids[1]) + search)).toBe(404)
    expect(await status(pathname + search.replace('compression=gzip', 'compression=none'))).toBe(404)
    expect(await status(pathname + search.replace(/expires=\d/, 'expires=9'))).toBe(404)
    expect(await status(pathname)).toBe(404)
    await run(plane, ids[0])
    expect(await status(pathname + search)).toBe(404)
    const again = await plane.call('GET', `/logs/exports/${ids[0]}/download`)
    const link = new URL(String(again.body['signed_url']))
    plane.clock.advance(300_000)
    expect(await status(link.pathname + link.search)).toBe(404)
  })
})

describe('whose records', () => {
  it('are in an export is what its maker may see, and nobody else fetches more', async () => {
    const plane = await start()
    const { workspace, otherWorkspace, newKey, call } = plane
    const ours = await newKey([...WORKSPACE_SCOPES])
    const theirs = await newKey([...WORKSPACE_SCOPES], { workspace_id: otherWorkspace.id })
    const few = await newKey(['logs.view'])
    await addRows(plane, 20, (at) => ({ workspace_id: at % 2 === 0 ? workspace.id : otherWorkspace.id }))
    const id = await make(plane, { requested_data: ['id'] }, theirs.key)
    await run(plane, id, theirs.key)
    expect(idsOf(await fetchFile(plane, id, theirs.key)).every((each) => Number(each.at(-1)) % 2 === 1)).toBe(true)
    const everybody = await make(plane, { requested_data: ['id'] })
    await run(plane, everybody)
    expect(idsOf(await fetchFile(plane, everybody))).toHaveLength(20)
    for (const each of [id, everybody]) {
      for (const path of ['', '/download']) {
        expect((await call('GET', `/logs/exports/${each}${path}`, undefined, ours.key)).status).toBe(404)
      }
      expect((await call('POST', `/logs/exports/${each}/start`, undefined, ours.key)).status).toBe(404)
      expect((await call('PUT', `/logs/exports/${each}`, {}, ours.key)).status).toBe(404)
    }
    expect((await call('GET', '/logs/exports', undefined, ours.key)).body).toMatchObject({ total: 0, data: [] })
    expect((await call('GET', '/logs/exports')).body).toMatchObject({ total: 2 })
    expect((await call('GET', `/logs/exports/${id}/download`, undefined, few.key)).status).toBe(403)
    const wide = await call('POST', '/logs/exports', { workspace_id: otherWorkspace.slug }, ours.key)
    expect(wide.status).toBe(404)
  })
})

describe('content', () => {
  it('is in an export by right and with a reason only, which leaves its entry, and only its maker fetches it', async () => {
    const bodies = keepBodies()
    const plane = await start({ bodies })
    const { app, call, newKey } = plane
    await addRows(plane, 3, () => ({ body_state: 'full', shelf: '30d-20261201' }))
    bodies.keep('req_00000001', 'client_request', '{"messages":["said"]}')
    const requested = { requested_data: ['id', 'request', 'content_state'] }
    const without = await newKey([...WORKSPACE_SCOPES].filter((scope) => scope !== 'content.read'))
    expect((await call('POST', '/logs/exports', requested, without.key)).status).toBe(403)
    const restricted = await call('GET', '/logs/exports/field-restrictions', undefined, without.key)
    expect(restricted.body['denied_fields']).toEqual(['request', 'response'])
    const id = await make(plane, requested)
    const silent = await call('POST', `/logs/exports/${id}/start`)
    expect([silent.status, silent.text]).toEqual([400, expect.stringContaining('x-portcullis-reason')])
    const headers = { 'x-portkey-api-key': ADMIN_KEY, 'x-portcullis-reason': 'Case 7' }
    await app.inject({ method: 'POST', url: `/v1/logs/exports/${id}/start`, headers })
    await plane.exports.settle()
    const rows = (await fetchFile(plane, id)).trimEnd().split('\n')
    expect(rows.map((row) => JSON.parse(row) as unknown)).toContainEqual({
      id: 'req_00000001',
      request: { url: null, method: null, headers: {}, body: { messages: ['said'] } },
      content_state: 'readable',
    })
    const openings = await plane.store.db.selectFrom('audit_entries').selectAll().where('action', '=', 'open').execute()
    expect(openings.map(({ reason }) => reason)).toEqual(['Case 7', 'Case 7', 'Case 7'])
    const owner = await signIn(plane, 'owner')
    const answer = await app.inject({ url: `/v1/logs/exports/${id}/download`, headers: owner.headers })
    expect(answer.statusCode).toBe(403)
  })
})

describe('what cannot be', () => {
  it.each([
    [{ requested_data: ['nonsense'] }, 'requested_data.0: has to be'],
    [{ requested_data: [] }, 'requested_data: may not be empty'],
    [{ format: 'xlsx' }, 'format: has to be jsonl or csv'],
    [{ filters: { nonsense: 1 } }, 'filters: "nonsense" is not known here'],
    [{ filters: { q: 'nonsense:1' } }, 'q: at character 1'],
    [{ filters: { q: '"what was said"' } }, 'q: What was said can be searched for'],
    [{ filters: { metadata: '{"a":' } }, 'metadata: has to be a JSON object of texts'],
    [{ filters: { status_code: 'abc' } }, 'filters.status_code: has to be statuses'],
    [{ filters: { time_of_generation_min: 'yesterday' } }, 'filters.time_of_generation_min: has to be a moment'],
  ])('is refused: %j', async (body, message) => {
    const { call } = await start()
    const answer = await call('POST', '/logs/exports', body)
    expect([answer.status, answer.body.data['message']]).toEqual([400, expect.stringContaining(message)])
  })
})

/** Without sleeping: the store answers in between. */
async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve))
}

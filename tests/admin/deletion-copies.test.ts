import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { BodyKind, BodyReader, BodyReference } from '../../src/records/bodies/body-reader.ts'
import { findCacheEntry, putCacheEntry } from '../../src/store/cache-entries.ts'
import { exchangeRow } from '../store/rows.ts'
import { beginStory, type Story } from './content-story.ts'
import { ADMIN_KEY } from './harness.ts'

/*
 * Deleting content reaches what has left its place: files of exports, and cached answers.
 */

const ROADS: readonly (readonly [string, (story: Story) => string])[] = [
  ['a session', ({ session }) => `/sessions/${session}`],
  ['a request', () => '/logs/req_1/content'],
  ['a person', ({ developer }) => `/admin/users/${developer.user.id}/content`],
  ['a workspace', ({ plane }) => `/admin/workspaces/${plane.workspace.id}/content`],
]

const FILTERS = { time_of_generation_min: '1970-01-01T00:00:00Z' }

it.each(ROADS)('of %s removes every file of an export that may hold it, and says so', async (_, road) => {
  const story = await tellStory()
  const { plane } = story
  const { workspace, otherWorkspace } = plane
  const gone = {
    ours: await write(story, { workspace_id: workspace.id, requested_data: ['id', 'request'] }),
    answers: await write(story, { workspace_id: workspace.id, requested_data: ['response'], format: 'csv' }),
    previews: await write(story, { workspace_id: workspace.id, requested_data: ['id', 'preview'] }),
    everywhere: await write(story, { requested_data: ['id', 'request'] }),
  }
  const kept = {
    elsewhere: await write(story, { workspace_id: otherWorkspace.id, requested_data: ['id', 'request'] }),
    figures: await write(story, { workspace_id: workspace.id, requested_data: ['id', 'cost'] }),
  }
  const link = await linkTo(story, gone.ours)
  expect((await plane.app.inject({ url: link })).statusCode).toBe(200)

  const deleted = await plane.call('DELETE', road(story))
  expect(deleted.status, deleted.text).toBe(200)

  for (const [name, id] of Object.entries(gone)) {
    expect([name, existsSync(plane.exports.pathOf(id))]).toEqual([name, false])
    const { body } = await plane.call('GET', `/logs/exports/${id}`)
    const error = expect.stringContaining('removed because content was deleted')
    expect(body, name).toMatchObject({ status: 'stopped', error, total_records: 0, bytes: 0, expires_at: null })
    expect((await plane.call('GET', `/logs/exports/${id}/download`)).status).toBe(409)
  }
  expect((await plane.app.inject({ url: link })).statusCode).toBe(404)
  for (const [name, id] of Object.entries(kept)) {
    expect([name, existsSync(plane.exports.pathOf(id))]).toEqual([name, true])
    expect((await plane.call('GET', `/logs/exports/${id}`)).body, name).toMatchObject({
      status: 'success',
      error: null,
    })
  }
  const { body } = await plane.call('GET', '/audit-logs?resource_type=export&action=empty')
  const emptied = (body['records'] as unknown as { resource_id: string }[]).map(({ resource_id: id }) => id)
  expect(emptied.toSorted()).toEqual(Object.values(gone).toSorted())

  await start(story, gone.ours)
  expect((await plane.call('GET', `/logs/exports/${gone.ours}`)).body).toMatchObject({ status: 'success', error: null })
  expect(plane.problems).toEqual([])
})

it('stops an export that is being written, and no page of it comes after', async () => {
  const story = await tellStory()
  const { plane } = story
  const { workspace } = plane
  for (let at = 0; at < 200; at++) {
    const row = { organisation_id: workspace.organisationId, workspace_id: workspace.id, received_at: at }
    await plane.store.insertMany('exchanges', [
      exchangeRow({ ...row, id: `req_many_${at}`, body_state: 'full', shelf: '30d-19700101' }),
    ])
  }
  const running = await make(story, { requested_data: ['id', 'request'] })
  const harmless = await make(story, { requested_data: ['id'] })
  const statusOf = async (id: string) => (await plane.call('GET', `/logs/exports/${id}`)).body['status'] as unknown
  // A page in the middle waits for its content until the export has been stopped.
  const { read } = story.bodies
  const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  Object.assign(story.bodies, {
    async read(reference: BodyReference, kind: BodyKind, ordinal?: number) {
      if (reference.exchangeId === 'req_many_100') {
        asked.resolve()
        await held.promise
      }
      return await read(reference, kind, ordinal)
    },
  } satisfies Partial<BodyReader>)
  for (const id of [running, harmless]) await begin(story, id)
  await asked.promise
  expect([await statusOf(running), existsSync(plane.exports.pathOf(running))]).toEqual(['in_progress', true])

  const deleting = plane.call('DELETE', '/logs/req_1/content')
  while ((await statusOf(running)) !== 'stopped') await new Promise((resolve) => setImmediate(resolve))
  held.resolve()
  expect((await deleting).status).toBe(200)
  expect(existsSync(plane.exports.pathOf(running))).toBe(false)
  await plane.exports.settle()
  expect(existsSync(plane.exports.pathOf(running))).toBe(false)
  expect((await plane.call('GET', `/logs/exports/${running}`)).body).toMatchObject({ status: 'stopped', bytes: 0 })
  expect((await plane.call('GET', `/logs/exports/${harmless}`)).body).toMatchObject({ status: 'success' })
  expect(plane.problems).toEqual([])
})

it('removes what a cancelled export and one that was drawn up anew have left', async () => {
  const story = await tellStory()
  const { plane } = story
  const id = await write(story, { requested_data: ['id', 'request'] })
  const changed = await plane.call('PUT', `/logs/exports/${id}`, { requested_data: ['id'] })
  expect([changed.status, existsSync(plane.exports.pathOf(id))]).toEqual([200, true])
  expect((await plane.call('DELETE', '/logs/req_1/content')).status).toBe(200)
  expect(existsSync(plane.exports.pathOf(id))).toBe(false)
  expect((await plane.call('GET', `/logs/exports/${id}`)).body).toMatchObject({ status: 'draft', error: null })
})

it.each(ROADS)('of %s forgets the cached answers of its workspace', async (_, road) => {
  const story = await tellStory()
  const { plane } = story
  const { store, clock, workspace, otherWorkspace } = plane
  for (const { id } of [workspace, otherWorkspace]) {
    const times = { createdAt: clock.now(), expiresAt: clock.now() + 3_600_000 }
    await putCacheEntry(store.db, {
      id: `answer of ${id}`,
      workspaceId: id,
      status: 200,
      headers: [],
      body: Buffer.from('said'),
      ...times,
    })
  }
  expect((await plane.call('DELETE', road(story))).status).toBe(200)
  const find = (id: string) => findCacheEntry(store.db, id, `answer of ${id}`, clock.now())
  expect(await find(workspace.id)).toBe(undefined)
  expect(await find(otherWorkspace.id)).toBeDefined()
})

it('leaves all of it where a hold keeps the content', async () => {
  const story = await tellStory()
  const { plane, session } = story
  const id = await write(story, { requested_data: ['id', 'request'] })
  await plane.call('POST', '/records/holds', { subject: 'session', id: session, reason: 'Case 7' })
  expect((await plane.call('DELETE', `/sessions/${session}`)).status).toBe(409)
  expect(existsSync(plane.exports.pathOf(id))).toBe(true)
})

async function tellStory(): Promise<Story> {
  const story = await beginStory()
  await story.add('req_1')
  story.bodies.keep('req_1', 'client_request', '{"messages":["said"]}')
  return story
}

async function make({ plane }: Story, wish: object): Promise<string> {
  const made = await plane.call('POST', '/logs/exports', { filters: FILTERS, ...wish })
  expect(made.status, made.text).toBe(200)
  return String(made.body['id'])
}

async function begin({ plane }: Story, id: string): Promise<void> {
  const headers = { 'x-portkey-api-key': ADMIN_KEY, 'x-portcullis-reason': 'Case 7' }
  const started = await plane.app.inject({ method: 'POST', url: `/v1/logs/exports/${id}/start`, headers })
  expect(started.statusCode, started.body).toBe(200)
}

async function start(story: Story, id: string): Promise<void> {
  await begin(story, id)
  await story.plane.exports.settle()
}

async function write(story: Story, wish: object): Promise<string> {
  const id = await make(story, wish)
  await start(story, id)
  expect(existsSync(story.plane.exports.pathOf(id))).toBe(true)
  return id
}

async function linkTo({ plane }: Story, id: string): Promise<string> {
  const { body } = await plane.call('GET', `/logs/exports/${id}/download`)
  const { pathname, search } = new URL(String(body['signed_url']))
  return pathname + search
}

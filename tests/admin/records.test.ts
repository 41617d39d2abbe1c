import { describe, expect, it } from 'vitest'
import { sessionKey } from '../../src/core/session-key.ts'
import { beginStory } from './content-story.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'

const rulesOf = async ({ call }: ControlPlane, query = '') =>
  (await call('GET', `/records/settings${query}`)).body['in_force'] as unknown

describe('what is kept', () => {
  it('is said by organisation, workspace and key, each in place of what it said before, and never for more', async () => {
    const plane = await startControlPlane()
    const { call, workspace } = plane
    const here = `?workspace_id=${workspace.slug}`
    expect(await rulesOf(plane, here)).toMatchObject({ content: { value: 'full', from: 'default' } })
    const ours = { content: 'masked', content_days: 30, row_days: 400, masking: [{ name: 'email' }] }
    expect((await call('PUT', '/organisation', { records: ours })).status).toBe(200)
    expect((await call('GET', '/organisation')).body).toMatchObject({ records: ours })
    // A change of something else leaves it as it is.
    await call('PUT', '/organisation', { contact: '#ai' })
    expect((await call('GET', '/organisation')).body).toMatchObject({ records: ours })
    const theirs = { content: 'full', content_days: 7, masking: [{ name: 'ticket', pattern: 'ABC-[0-9]+' }] }
    await call('PUT', `/admin/workspaces/${workspace.slug}`, { records: theirs })
    expect((await call('GET', `/admin/workspaces/${workspace.slug}`)).body).toMatchObject({ records: theirs })
    const { id, key } = await plane.newKey(['completions.write'], { records: { content: 'metadata' } })
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({ records: { content: 'metadata' } })
    const inForce = {
      content: { value: 'metadata', from: 'key' },
      content_days: { value: 7, from: 'workspace' },
      searchable: { value: false, from: 'default' },
      masking: [
        { name: 'email', from: 'organisation' },
        { name: 'ticket', pattern: 'ABC-[0-9]+', from: 'workspace' },
      ],
    }
    expect(await rulesOf(plane, `?key=${id}`)).toEqual(inForce)
    // A developer sees it too, and so does whoever asks what applies to the key.
    expect((await call('GET', `/records/settings?key=${id}`, undefined, key)).body).toMatchObject({ row_days: 400 })
    expect((await call('GET', '/explain', undefined, key)).body).toMatchObject({ records: inForce })
    // The data plane goes by the same.
    expect(plane.directory.findByHash(await hashOf(plane, id))).toMatchObject({
      caller: { records: { content: 'metadata', contentDays: 7 } },
    })
    await call('PUT', `/api-keys/${id}`, { records: null })
    expect(await rulesOf(plane, `?key=${id}`)).toMatchObject({ content: { value: 'masked', from: 'organisation' } })
    await call('PUT', '/organisation', { records: null })
    expect((await call('GET', '/organisation')).body).toMatchObject({ records: {} })
  })

  it.each([
    [{ content: 'some' }, /content/],
    [{ content_days: 14 }, /content_days: has to be 1, 7, 30, 90, 365/],
    [{ masking: [{ name: 'emial' }] }, /masking\.0\.name: is no built-in rule, .* did you mean email\?/],
    [{ masking: [{ name: 'email', pattern: 'x' }] }, /masking\.0\.name: is the name of a built-in rule/],
    [
      {
        masking: [
          { name: 'a', pattern: '(' },
          { name: 'b', pattern: '' },
        ],
      },
      /masking\.0\.pattern: [^]*masking\.1\.pattern: is empty/,
    ],
    [
      {
        masking: [
          { name: 'a', pattern: 'x' },
          { name: 'a', pattern: 'y' },
        ],
      },
      /masking\.1\.name: stands in the list before/,
    ],
    [{ row_days: 0 }, /row_days/],
    [{ keep: true }, /"keep" is not known here/],
  ])('%j is refused with every problem', async (records, problem) => {
    const { call } = await startControlPlane()
    const { status, text } = await call('PUT', '/organisation', { records })
    expect([status, String(JSON.parse(text).data.message)]).toEqual([400, expect.stringMatching(problem)])
  })

  it('patterns that cost too much together are refused', async () => {
    const { call } = await startControlPlane()
    const masking = Array.from({ length: 10 }, (_, at) => ({ name: `long-${at}`, pattern: `[a-z]{150}x${at}` }))
    const { status, text } = await call('PUT', '/organisation', { records: { masking } })
    expect([status, text]).toEqual([400, expect.stringContaining('the patterns together cost')])
  })

  it('masking can be tried on a text', async () => {
    const { call } = await startControlPlane()
    const masking = [{ name: 'ticket', pattern: 'ABC-[0-9]+' }]
    const { body } = await call('POST', '/records/masking/test', { masking, text: 'about ABC-12345, soon' })
    expect(body).toEqual({
      object: 'masking-test',
      masked: 'about *********, soon',
      found: [{ rule: 'ticket', offset: 6, length: 9 }],
    })
    expect(
      (await call('POST', '/records/masking/test', { masking: [{ name: 'x', pattern: '(' }], text: '' })).status,
    ).toBe(400)
  })

  it('goes into a configuration file and comes out of it again', async () => {
    const { call } = await startControlPlane()
    const document = `portcullis: 1
name: records
organisation:
  records:
    content: masked
    content_days: 90
    row_days: 400
    masking:
      - name: ticket
        pattern: 'ABC-[0-9]+'
workspaces:
  payments:
    name: Payments
    records:
      content: metadata
    keys:
      ci:
        scopes: [completions.write]
        records:
          content_days: 7
`
    const plan = await call('POST', '/configuration/plan', { document })
    expect(plan.body).toMatchObject({ problems: [] })
    const applied = await call('POST', '/configuration/apply', { document, secrets: {}, plan_id: plan.body['plan_id'] })
    expect(applied.body, applied.text).toMatchObject({ status: 'done' })
    const again = await call('POST', '/configuration/plan', { document })
    expect(again.body).toMatchObject({ steps: [] })
    const exported = String((await call('GET', '/configuration?name=records')).body['document'])
    for (const line of ['content: masked', 'row_days: 400', 'content: metadata', 'content_days: 7', 'ABC-[0-9]+']) {
      expect(exported).toContain(line)
    }
    const replanned = await call('POST', '/configuration/plan', { document: exported })
    expect(replanned.body).toMatchObject({ problems: [], steps: [] })
  })
})

async function hashOf({ store }: ControlPlane, id: string): Promise<string> {
  return (await store.db.selectFrom('api_keys').select('hash').where('id', '=', id).executeTakeFirstOrThrow()).hash
}

describe('deletion', () => {
  it('of a session takes its content from every shelf that it lies on, and leaves what it came to', async () => {
    const { add, ask, bodies, plane, developer, manager, session } = await beginStory()
    await add('req_1', { shelf: '30d-20261122' })
    await add('req_2', { shelf: '30d-20261123', received_at: 2_000 })
    await add('req_bare', { shelf: null, received_at: 3_000 })
    expect((await ask(developer, `/sessions/${session}`, undefined, 'DELETE')).status).toBe(403)
    const deleted = await ask(manager, `/sessions/${session}`, 'asked to', 'DELETE')
    expect(deleted.body).toEqual({ object: 'content-deleted', scopes: 1 })
    expect(bodies.removals).toEqual([`scope ${plane.workspace.id} ${session} 30d-20261122,30d-20261123`])
    expect((await ask(developer, `/sessions/${session}`)).body).toMatchObject({ requests: 3 })
    const { body } = await plane.call('GET', '/audit-logs?resource_type=session-content')
    expect(body).toMatchObject({ records: [{ action: 'delete', resource_id: session, reason: 'asked to' }] })
  })

  it('of one request, of a person and of a workspace goes its own road', async () => {
    const { add, bodies, plane, developer } = await beginStory()
    await add('req_1')
    await add('req_loose', { session_key: null, received_at: 2_000 })
    const elsewhere = sessionKey(plane.otherWorkspace.id, developer.user.id, 'claimed')
    await add('req_elsewhere', { workspace_id: plane.otherWorkspace.id, session_key: elsewhere, received_at: 3_000 })
    await add('req_theirs', { user_id: 'somebody', session_key: 'ses_theirs', received_at: 4_000 })
    expect((await plane.call('DELETE', '/logs/req_1/content')).status).toBe(200)
    expect((await plane.call('DELETE', `/admin/users/${developer.user.id}/content`)).body).toMatchObject({ scopes: 3 })
    expect((await plane.call('DELETE', `/admin/workspaces/${plane.workspace.slug}/content`)).status).toBe(200)
    const [first, ...rest] = bodies.removals
    expect(first).toBe('exchange req_1')
    expect(rest.slice(0, 3).toSorted()).toEqual(
      [
        `scope ${plane.workspace.id} ${sessionKey(plane.workspace.id, developer.user.id, 'claimed')} 30d-19700101`,
        `scope ${plane.workspace.id} key_key_of_developer 30d-19700101`,
        `scope ${plane.otherWorkspace.id} ${elsewhere} 30d-19700101`,
      ].toSorted(),
    )
    expect(rest[3]).toBe(`shred ${plane.workspace.id}`)
  })

  it.each(['session', 'user', 'workspace'] as const)('is refused while there is a hold on the %s', async (subject) => {
    const { add, bodies, plane, developer, manager, ask, session } = await beginStory()
    await add('req_1')
    const id = { session, user: developer.user.id, workspace: plane.workspace.id }[subject]
    const hold = await plane.call('POST', '/records/holds', { subject, id, reason: 'Case 7' })
    expect(hold.body).toMatchObject({ object: 'legal-hold', subject, subject_id: id, reason: 'Case 7' })
    const roads = [
      `/sessions/${session}`,
      '/logs/req_1/content',
      `/admin/users/${developer.user.id}/content`,
      `/admin/workspaces/${plane.workspace.id}/content`,
    ]
    for (const path of roads) {
      const refused = await plane.call('DELETE', path)
      expect([refused.status, refused.text], path).toEqual([409, expect.stringContaining('Case 7')])
    }
    expect(bodies.removals).toEqual([])
    expect((await ask(manager, '/records/holds')).status).toBe(403)
    expect((await plane.call('GET', '/records/holds')).body).toMatchObject({ total: 1 })
    expect((await plane.call('DELETE', `/records/holds/${String(hold.body['id'])}`)).status).toBe(200)
    for (const path of roads) expect((await plane.call('DELETE', path)).status, path).toBe(200)
  })

  it('a hold needs a reason and somebody or something that there is', async () => {
    const { plane } = await beginStory()
    const { call } = plane
    expect((await call('POST', '/records/holds', { subject: 'user', id: 'admin@localhost' })).status).toBe(400)
    expect((await call('POST', '/records/holds', { subject: 'user', id: 'no', reason: 'x' })).status).toBe(404)
    expect((await call('POST', '/records/holds', { subject: 'session', id: 'ses_no', reason: 'x' })).status).toBe(404)
    expect((await call('DELETE', '/records/holds/nothing')).status).toBe(404)
  })
})

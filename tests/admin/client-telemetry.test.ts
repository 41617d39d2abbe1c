import { expect, test } from 'vitest'
import { addClientEvents, type ClientEvent } from '../../src/store/client-events.ts'
import { addClientCounts, type ClientCount } from '../../src/store/client-metrics.ts'
import { beginStory, type Story } from './content-story.ts'

/** What the developer's Claude Code has told. */
function told({ plane, developer, session }: Story) {
  const by = {
    organisationId: plane.workspace.organisationId,
    workspaceId: plane.workspace.id,
    keyId: 'key_of_developer',
    userId: developer.user.id,
  }
  const event = (id: string, at: number, over: Partial<ClientEvent> = {}): ClientEvent => ({
    ...by,
    id,
    name: 'tool_decision',
    sessionKey: session,
    requestId: undefined,
    at,
    attributes: '{"decision":"accept"}',
    ...over,
  })
  const count = (name: string, value: number, attributes = '{}', over: Partial<ClientCount> = {}): ClientCount => ({
    ...by,
    start: Date.UTC(2026, 10, 23),
    name: `claude_code.${name}`,
    attributes,
    value,
    ...over,
  })
  return { event, count, db: plane.store.db }
}

test('the events of a session are listed in their order, each once, however often they were told', async () => {
  const story = await beginStory()
  const { event, db } = told(story)
  await story.add('req_1')
  const events = [event('cev_3', 3), event('cev_1', 1, { requestId: 'req_1' }), event('cev_2', 2)]
  await addClientEvents(db, events)
  await addClientEvents(db, events)
  await addClientEvents(db, [event('cev_other', 1, { sessionKey: 'ses_other' })])
  const first = await story.ask(story.developer, `/sessions/${story.session}/events?limit=2`)
  expect(first.status, first.text).toBe(200)
  expect(first.body.data).toMatchObject([
    { id: 'cev_1', name: 'tool_decision', request_id: 'req_1', attributes: { decision: 'accept' } },
    { id: 'cev_2', request_id: null },
  ])
  const cursor = String(first.body['next_cursor'])
  const second = await story.ask(story.developer, `/sessions/${story.session}/events?limit=2&cursor=${cursor}`)
  expect(second.body).toMatchObject({ data: [{ id: 'cev_3' }], next_cursor: null })
})

test('the events of a session are for whoever sees the session', async () => {
  const story = await beginStory()
  await story.add('req_1')
  const statusFor = async (actor: typeof story.colleague) =>
    (await story.ask(actor, `/sessions/${story.session}/events`)).status
  expect([await statusFor(story.colleague), await statusFor(story.manager), await statusFor(story.owner)]).toEqual([
    404, 200, 200,
  ])
})

const RANGE = 'since=2026-11-23T00:00:00Z&until=2026-11-25T00:00:00Z'

test('what a developer did stands next to what it cost, by days', async () => {
  const story = await beginStory()
  const { count, db } = told(story)
  await story.add('req_1', { received_at: Date.UTC(2026, 10, 23, 5), cost_nanos: 2_500_000_000n })
  await addClientCounts(db, [
    count('lines_of_code.count', 10, '{"type":"added"}'),
    count('lines_of_code.count', 3, '{"type":"removed"}'),
    count('code_edit_tool.decision', 3, '{"decision":"accept","tool_name":"Edit"}'),
    count('code_edit_tool.decision', 1, '{"decision":"reject","tool_name":"Write"}'),
    count('token.usage', 5_000, '{"type":"input"}'),
  ])
  await addClientCounts(db, [
    count('lines_of_code.count', 5, '{"type":"added"}'),
    count('commit.count', 2, '{}', { start: Date.UTC(2026, 10, 24) }),
  ])
  const { status, body, text } = await story.ask(story.developer, `/usage/client-metrics?${RANGE}`)
  expect(status, text).toBe(200)
  expect(body.data).toMatchObject([
    {
      start: '2026-11-23T00:00:00.000Z',
      group: { value: story.developer.user.id },
      lines_added: 15,
      lines_removed: 3,
      commits: 0,
      edits_accepted: 3,
      edits_rejected: 1,
      acceptance_rate: 0.75,
      cost_usd: '2.5',
    },
    { start: '2026-11-24T00:00:00.000Z', lines_added: 0, commits: 2, acceptance_rate: null },
  ])
  const whole = await story.ask(story.owner, `/usage/client-metrics?${RANGE}&by=none&group=workspace`)
  expect(whole.body.data).toMatchObject([
    { start: null, group: { value: story.plane.workspace.id }, lines_added: 15, commits: 2 },
  ])
})

test('a member sees only their own figures, and no workspace those of another', async () => {
  const story = await beginStory()
  const { count, db } = told(story)
  const other = story.plane.otherWorkspace
  await addClientCounts(db, [
    count('commit.count', 1),
    count('commit.count', 7, '{}', { workspaceId: other.id, userId: 'somebody', organisationId: other.organisationId }),
  ])
  const commits = async (actor: typeof story.colleague) => {
    const { body } = await story.ask(actor, `/usage/client-metrics?${RANGE}`)
    return body.data.map((line) => line['commits'])
  }
  expect(await commits(story.colleague)).toEqual([])
  expect(await commits(story.developer)).toEqual([1])
  expect(await commits(story.manager)).toEqual([1])
})

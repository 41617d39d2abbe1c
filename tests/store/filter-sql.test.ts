import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findExchanges } from '../../src/store/find-exchanges.ts'
import type { Store } from '../../src/store/database.ts'
import type { RecordCondition } from '../../src/store/record-condition.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { backends, type Place } from './backends.ts'
import { exchangeRow } from './rows.ts'

const usage = { cache_read_tokens: 0, cache_write_5m_tokens: 0, cache_write_1h_tokens: 0, input_tokens: 100 }

const HALF_A_LETTER = JSON.stringify({ team: '\ud83d' })

const ROWS = [
  { id: 'req_a', model_asked: 'claude-opus-5', model_served: null, user_id: 'ana', cost_nanos: 500_000_001n },
  {
    id: 'req_b',
    model_asked: 'claude-haiku-5',
    model_served: 'us.anthropic.claude-haiku-5',
    user_id: 'bo',
    status: 429,
  },
  { id: 'req_c', metadata: '{"team":"Pay%ments","x.y":"a\\"b"}', error_code: 'upstream.overloaded', status: 529 },
  { id: 'req_d', metadata: String.raw`{"team":"core","nul":"\u0000"}`, session_key: 'ses_1', session_id: 'claimed' },
  { id: 'req_e', ...usage, cache_read_tokens: 900, cache_status: 'HIT', first_token_ms: 4_000.5 },
  {
    id: 'req_f',
    ...usage,
    outcome: 'interrupted',
    interrupted_by: 'client',
    retries: 2,
    project: "it's; --",
    metadata: HALF_A_LETTER,
  },
  { id: 'req_g', ...usage, route: '[{"result":"failed"}]', cost_nanos: 9_007_199_254_740_993n, project: 'É_tude' },
]

const text = (of: string, ...any: string[][]) => ({ kind: 'text', of, not: false, any }) as RecordCondition
const not = (condition: RecordCondition) => ({ ...condition, not: true })
const tag = (name: string, ...any: string[][]): RecordCondition => ({ kind: 'tag', tag: name, not: false, any })
const state = (...any: string[]) => ({ kind: 'state', not: false, any }) as RecordCondition
const from = (of: string, value: number | bigint, included = true) =>
  ({ kind: 'number', of, not: false, any: [{ from: { value, included } }] }) as RecordCondition
const to = (of: string, value: number | bigint, included = true) =>
  ({ kind: 'number', of, not: false, any: [{ to: { value, included } }] }) as RecordCondition

describe.each(backends)('on $name', (backend) => {
  let place: Place
  let store: Store

  beforeAll(async () => {
    place = await backend.makePlace()
    store = await place.open()
    const base = { model_asked: 'claude-opus-5', model_served: null, metadata: '{}', cost_nanos: 1n }
    await store.insertMany(
      'exchanges',
      ROWS.map((row, at) => exchangeRow({ received_at: 1_000 + at, ...base, ...row })),
    )
    await store.db
      .insertInto('turns')
      .values({
        id: 'req_a',
        received_at: 1_000,
        shelf: 's',
        fresh_bytes: 5_000,
        messages: 3,
        tools_called: '["Bash","Read \\"x\\""]',
      })
      .execute()
  })
  afterAll(async () => {
    await store.close()
    await place.clear()
  })

  test.each<[string, RecordCondition, string]>([
    ['a model by its whole name', text('model', ['claude-haiku-5']), 'b'],
    ['a model without "claude-"', text('model', ['opus-5']), 'acdefg'],
    ['a model by a star, in other letters', text('model', ['HAIKU', '']), 'b'],
    ['one of two', text('user', ['ana'], ['bo']), 'ab'],
    ['none of two; nobody is none of them either', not(text('user', ['ana'], ['bo'])), 'cdefg'],
    ['nothing of nothing', text('user'), ''],
    ['everything but nothing', not(text('user')), 'abcdefg'],
    ['anything at all', text('user', ['', '']), 'ab'],
    ['a tag with a sign of LIKE', tag('team', ['pay%', '']), 'c'],
    ['a tag whose name and value have signs of JSON', tag('x.y', ['a"b']), 'c'],
    ['a star is no underscore', tag('team', ['co_e']), ''],
    ['a tag that nobody has', tag('"\\', ['x']), ''],
    ['a part of an error code', text('error', ['overloaded']), 'c'],
    ['the other part', text('error', ['Upstream']), 'c'],
    ['our name of a session', text('session', ['ses_1']), 'd'],
    ["the client's name of a session", text('session', ['claimed']), 'd'],
    ['quotes and dashes', text('project', ["it's; --"]), 'f'],
    ['other letters than a–z as they are', text('project', ['É_TUDE']), 'g'],
    ['a tool', text('tool', ['bash']), 'a'],
    ['a tool by a star that does not reach over to the next one', text('tool', ['B', 'x"']), ''],
    ['a tool with quotes', text('tool', ['Read "', '']), 'a'],
    ['a number from on', from('status', 429), 'bc'],
    ['a number after', from('status', 429, false), 'c'],
    ['a fraction of whole numbers', from('status', 428.5, false), 'bc'],
    ['money, to the nano', from('cost', 500_000_000n, false), 'ag'],
    ['money beyond what a double holds', from('cost', 9_007_199_254_740_993n), 'g'],
    ['a number beyond every column', from('cost', 10n ** 30n), ''],
    ['a share of the input', from('cache', 90), 'e'],
    ['a duration with a fraction', from('ttft', 4_000.2), 'e'],
    ['bytes that were new', from('bytes.new', 5_000), 'a'],
    ['what has no such number does not match its end either', to('bytes.new', 10_000), 'a'],
    ['errors', state('error'), 'bc'],
    ['one of several states', state('cached', 'fallback'), 'eg'],
    ['retried means that it succeeded', state('retried'), ''],
    ['not cached', not(state('cached')), 'abcdfg'],
  ])('%s', async (_, condition, expected) => {
    expect(await find([condition])).toBe(expected)
  })

  test('all conditions have to hold, page by page, each record once', async () => {
    const conditions = [text('model', ['opus', '']), not(state('cached'))]
    const seen: string[] = []
    let after
    do {
      const page = await findExchanges(store.db, { ...SCOPE, conditions }, { limit: 2, after }, PATIENCE)
      seen.push(...page.items.map(({ id }) => id.slice('req_'.length)))
      after = page.next
    } while (after !== undefined)
    expect(seen.join('')).toBe('gfdca')
  })

  test('records of one and the same moment are on one page each, where a page has room for one', async () => {
    const twins = ['req_x', 'req_y', 'req_z'].map((id) =>
      exchangeRow({ id, workspace_id: 'twins', received_at: 1_000, status: 500 }),
    )
    await store.insertMany('exchanges', twins)
    const filter = { ...SCOPE, workspaceId: 'twins', conditions: [state('error')] }
    const seen: string[] = []
    let after
    do {
      const page = await findExchanges(store.db, filter, { limit: 1, after }, PATIENCE)
      seen.push(...page.items.map(({ id }) => id))
      after = page.next
    } while (after !== undefined)
    expect(seen).toEqual(['req_z', 'req_y', 'req_x'])
  })

  async function find(conditions: readonly RecordCondition[]): Promise<string> {
    const { items } = await findExchanges(store.db, { ...SCOPE, conditions }, { limit: 10 }, PATIENCE)
    return items
      .map(({ id }) => id.slice('req_'.length))
      .toReversed()
      .join('')
  }
})

const SCOPE = { organisationId: 'organisation', workspaceId: 'workspace' }
const PATIENCE = { clock: createManualClock(), maxMs: 1_000 }

import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newRequestId } from '../../src/core/ids.ts'
import { appendAuditEntry } from '../../src/store/audit.ts'
import { noteChange, readRevision } from '../../src/store/changes.ts'
import { openStore, type Store } from '../../src/store/database.ts'
import { readPicture } from '../../src/store/read-picture.ts'
import { buildStep } from '../../src/store/rollups/build.ts'
import { changeState } from '../../src/store/rollups/read-state.ts'
import { verifyAudit } from '../../src/store/verify-audit.ts'
import { createDatabase, dropDatabase, networkUrl } from '../../src/testing/postgres.ts'
import { hasPostgres, makeDatabase, type DatabasePlace } from './postgres-place.ts'
import { callRow, exchangeRow } from './rows.ts'

/* What only a server that several gateways share can do wrong. */

describe.skipIf(!hasPostgres)('PostgreSQL', () => {
  let place: DatabasePlace
  const stores: Store[] = []

  beforeEach(async () => {
    place = await makeDatabase()
  })

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    await place.drop()
  })

  async function open(url = place.url): Promise<Store> {
    const store = await openStore({ url })
    stores.push(store)
    return store
  }

  describe('a database that will not do is refused with a sentence, and without the password', () => {
    const PASSWORD = 'a-pass-word-that-nobody-may-see'

    async function refusal(url: string): Promise<string> {
      const error = await openStore({ url }).then(
        () => new Error('It was opened.'),
        (problem: unknown) => problem as Error,
      )
      expect(error.stack).not.toContain(PASSWORD)
      return error.message
    }

    test('a wrong password', async () => {
      expect(await refusal(networkUrl(place.server, place.name, PASSWORD))).toMatch(
        /^Cannot use the database at portcullis@127\.0\.0\.1:\d+\/test_\w+: password authentication failed .*PORTCULLIS_DATABASE_URL names it\.$/,
      )
    })

    test('a database that is not there', async () => {
      expect(await refusal(place.url.replace(place.name, 'nowhere'))).toContain('database "nowhere" does not exist')
    })

    test('a server that is not there', async () => {
      const url = networkUrl({ ...place.server, port: 1 }, place.name, PASSWORD)
      expect(await refusal(url)).toContain('connect ECONNREFUSED 127.0.0.1:1')
    })

    test('a server without TLS, where TLS was asked for', async () => {
      expect(await refusal(`${networkUrl(place.server, place.name)}?sslmode=require`)).toContain('does not support SSL')
    })

    test('a URL that is none', async () => {
      expect(await refusal(`postgres://portcullis:${PASSWORD}#@127.0.0.1:99999999/x`)).toContain('is no URL')
    })

    test('a database that cannot hold every character', async () => {
      const name = `${place.name}_ascii`
      const url = await createDatabase(place.server, name, 'template0', `encoding 'SQL_ASCII' locale_provider libc`)
      expect(await refusal(url)).toContain('it is encoded as SQL_ASCII; create it with encoding UTF8')
      await dropDatabase(place.server, name)
    })

    test('a database that a newer version has changed, which stays as it is', async () => {
      const store = await open()
      await sql`insert into schema_migrations values ('9999-from-the-future', '2030-01-01')`.execute(store.db)
      expect(await refusal(place.url)).toMatch(/newer version of Portcullis \(9999-from-the-future\)/)
      await sql`delete from schema_migrations where name = '9999-from-the-future'`.execute(store.db)
    })

    test('a user who may not make tables', async () => {
      const bare = await makeDatabase({ isBare: true })
      const ours = await openStore({ url: place.url })
      await sql`do $$ begin create role guest login; exception when duplicate_object then null; end $$`.execute(ours.db)
      await ours.close()
      expect(await refusal(bare.url.replace('user=portcullis', 'user=guest'))).toContain(
        'may not make tables in the schema public',
      )
      await bare.drop()
    })
  })

  test('gateways that start at once on an empty database make its tables once', async () => {
    const bare = await makeDatabase({ isBare: true })
    const together = await Promise.all(Array.from({ length: 4 }, () => openStore({ url: bare.url })))
    for (const store of together) expect(await readRevision(store.db)).toBe(0)
    for (const store of together) await store.close()
    await bare.drop()
  })

  test('tables of another program in another schema are left alone', async () => {
    const bare = await makeDatabase({ isBare: true })
    const url = `${bare.url}&options=${encodeURIComponent('-c search_path=gateway')}`
    await expect(openStore({ url })).rejects.toThrow('no schema that this user may use')
    const other = await openStore({ url: bare.url })
    await sql`create schema gateway`.execute(other.db)
    await noteChange(other.db, 1, 'not ours')
    const store = await openStore({ url })
    expect(await readRevision(store.db)).toBe(0)
    await store.close()
    await other.close()
    await bare.drop()
  })

  test('the trail of two gateways that write at once is one chain without gaps', async () => {
    const both = [await open(), await open()]
    await Promise.all(
      both.flatMap((store, gateway) =>
        Array.from({ length: 15 }, (_, number) =>
          store.db.transaction().execute((tx) => appendAuditEntry(tx, entryOf(`${gateway}-${number}`))),
        ),
      ),
    )
    expect(await verifyAudit(both[0]!.db)).toMatchObject({ entries: 30, problem: undefined })
  })

  test('revisions are seen in the order in which they were given out', async () => {
    const [one, other] = [await open(), await open()]
    const entered = Promise.withResolvers<void>()
    const leave = Promise.withResolvers<void>()
    const first = one.db.transaction().execute(async (tx) => {
      await noteChange(tx, 1, 'first')
      entered.resolve()
      await leave.promise
    })
    await entered.promise
    const second = other.db.transaction().execute((tx) => noteChange(tx, 2, 'second'))
    expect(await readRevision(other.db)).toBe(0)
    leave.resolve()
    await Promise.all([first, second])
    expect(await readRevision(one.db)).toBe(2)
  })

  test('whoever reads a picture, or writes records, does not wait for a change that is under way', async () => {
    const store = await open()
    const entered = Promise.withResolvers<void>()
    const leave = Promise.withResolvers<void>()
    const change = store.db.transaction().execute(async (tx) => {
      await noteChange(tx, 1, 'a long change')
      entered.resolve()
      await leave.promise
    })
    await entered.promise
    expect((await readPicture(store.db)).revision).toBe(0)
    await store.insertMany('exchanges', [exchangeRow()])
    leave.resolve()
    await change
    expect((await readPicture(store.db)).revision).toBe(1)
  })

  test('the trail cannot be changed, nor shortened', async () => {
    const store = await open()
    await store.db.transaction().execute((tx) => appendAuditEntry(tx, entryOf('kept')))
    await expect(sql`update audit_entries set action = 'x'`.execute(store.db)).rejects.toThrow('only ever added to')
    await expect(sql`delete from audit_entries`.execute(store.db)).rejects.toThrow('only ever added to')
  })

  test('text is compared byte by byte, whatever the language of the server', async () => {
    const store = await open()
    for (const name of ['b', 'B', 'a_', 'ab', 'Ä', 'z']) {
      await store.db.insertInto('settings').values({ name, value: '' }).execute()
    }
    const rows = await store.db.selectFrom('settings').select('name').where('value', '=', '').orderBy('name').execute()
    expect(rows.map(({ name }) => name)).toEqual(['B', 'a_', 'ab', 'b', 'z', 'Ä'])
  })

  test('a NUL, which no column can hold, costs a record its character and not its place', async () => {
    const store = await open()
    const row = { ...exchangeRow({ id: 'req_nul', model_asked: 'claude\0opus', metadata: '{"team":"a\\u0000b"}' }) }
    await store.insertMany('exchanges', [row])
    const found = await store.db.selectFrom('exchanges').selectAll().where('model_asked', '=', 'claude\0opus').execute()
    expect(found).toMatchObject([{ model_asked: 'claude\uFFFDopus', metadata: '{"team":"a\\u0000b"}' }])
  })

  test('half of a letter does not either, and two names that become one by it are added up as one', async () => {
    const store = await open()
    const named = (half: string) => ({
      model_asked: `claude${half}`,
      project: half,
      metadata: JSON.stringify({ team: half }),
      session_key: 'ses_half',
      session_id: half,
    })
    const rows = ['\ud83d', '\ude00', '\0'].map((half, at) => exchangeRow({ id: `req_half_${at}`, ...named(half) }))
    await store.insertMany('exchanges', rows)
    const tags = await store.db.selectFrom('tag_days').select(['value', 'requests']).execute()
    expect(tags).toEqual([{ value: '\uFFFD', requests: 3 }])
    const session = await store.db.selectFrom('sessions').select(['claimed_id', 'project', 'requests']).execute()
    expect(session).toEqual([{ claimed_id: '\uFFFD', project: '\uFFFD', requests: 3 }])
  })

  test('rows that come while the state of the roll-ups changes wait for it, and are added up once', async () => {
    const [one, other] = [await open(), await open()]
    const gate = Promise.withResolvers<void>()
    const changing = changeState(one.db, async (_, { zone }) => {
      await gate.promise
      return { zone, building: { from: 0, what: 'all' } }
    })
    const countLocks = async (granted: boolean) => {
      const here = sql`(select oid from pg_database where datname = current_database())`
      const { rows } = await sql<{ count: number }>`select count(*) as count from pg_locks
        where locktype = 'advisory' and database = ${here} and granted = ${granted}`.execute(other.db)
      return rows[0]!.count
    }
    await vi.waitFor(async () => expect(await countLocks(true)).toBe(2), 10_000)
    const inserted = other.insertMany('exchanges', [exchangeRow({ id: 'req_1', received_at: 1_000 })])
    await vi.waitFor(async () => expect(await countLocks(false)).toBe(1), 10_000)
    gate.resolve()
    await changing
    await inserted
    while (await buildStep(one.db)) continue
    const days = await one.db.selectFrom('usage_days').select('requests').execute()
    expect(days).toEqual([{ requests: 1 }])
  })

  test('values are refused where digits would be lost, or no column could hold them', async () => {
    const store = await open()
    const read = (text: string) => sql.raw(text).execute(store.db)
    await expect(read('select 9007199254740993 as bytes')).rejects.toThrow(/bytes passes 2\^53/)
    expect((await read('select 9007199254740993 as cost_nanos, 1 as one, true as yes, 0.5 as half')).rows).toEqual([
      { cost_nanos: 9_007_199_254_740_993n, one: 1, yes: 1, half: 0.5 },
    ])
    await expect(sql`select ${{} as unknown as string}`.execute(store.db)).rejects.toThrow('no column can hold')
  })

  test('a connection that is lost in the middle of a change fails the change only', async () => {
    const store = await open()
    const change = store.db.transaction().execute(async (tx) => {
      await noteChange(tx, 1, 'lost')
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)
    })
    await expect(change).rejects.toMatchObject({ fault: 'gone' })
    await store.insertMany('ledger_calls', [callRow({ id: 'call_after' })])
    expect(await readRevision(store.db)).toBe(0)
  })

  test('idle connections that the server ends are replaced by the next who asks', async () => {
    const store = await open()
    const other = await open()
    await readRevision(store.db)
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(other.db)
    await expect.poll(() => readRevision(store.db).catch(() => 'gone')).toBe(0)
  })

  test('more who ask at once than there are connections are all answered', async () => {
    const store = await open()
    const answers = await Promise.all(Array.from({ length: 100 }, () => readRevision(store.db)))
    expect(new Set(answers)).toEqual(new Set([0]))
  })
})

function entryOf(resourceId: string) {
  return {
    organisationId: 'organisation',
    workspaceId: null,
    at: 1_000,
    action: 'update',
    resourceType: 'key',
    resourceId,
    actor: { type: 'operator', id: null, name: 'tests', user_id: null },
    request: {
      id: newRequestId(1_000),
      method: 'PUT',
      uri: '/',
      client_ip: 'local',
      forwarded_for: null,
      user_agent: null,
      status: 200,
    },
    reason: null,
    before: null,
    after: null,
  } as const
}

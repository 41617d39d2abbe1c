import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { runCli } from '../../src/cli/run.ts'
import { appendAuditEntry } from '../../src/store/audit.ts'
import { openStore } from '../../src/store/database.ts'
import { tellVerdict, verifyDataFolder } from '../../src/verify-data-folder.ts'
import { createFakeMachine } from '../e2e/cli-harness.ts'
import { dropAuditTriggers } from './drop-audit-triggers.ts'
import { ADMIN_KEY, startControlPlane } from './harness.ts'

/** A gateway with four entries in its trail, and `portcullis audit …` against it. */
async function start() {
  const plane = await startControlPlane()
  for (const name of ['One', 'Two', 'Three', 'Four']) await plane.call('PUT', '/integrations/sandbox', { name })
  const url = await plane.app.listen({ host: '127.0.0.1', port: 0 })
  const machine = createFakeMachine({ env: { PORTCULLIS_URL: url, PORTCULLIS_KEY: ADMIN_KEY } })
  onTestFinished(() => machine.remove())
  return {
    ...plane,
    audit: async (...args: readonly string[]) => ({
      code: await runCli(['audit', ...args], machine),
      text: machine.printed(),
    }),
  }
}

it('verify says how many entries fit together, and ends with 0', async () => {
  const { audit } = await start()
  const { code, text } = await audit('verify')
  expect([code, text]).toEqual([0, expect.stringContaining('4 entries, none was changed')])
  const hash = /[0-9a-f]{64}/.exec(text)![0]
  expect((await audit('verify', '--number', '4', '--hash', hash)).code).toBe(0)
  expect(await audit('verify', '--number', '3', '--hash', hash)).toMatchObject({
    code: 1,
    text: expect.stringContaining('Entry 3 does not fit'),
  })
})

it('verify names the first entry that does not fit, and ends with 1', async () => {
  const { audit, store } = await start()
  await dropAuditTriggers(store.db)
  await sql`update audit_entries set actor = '{}' where number = 3`.execute(store.db)
  expect(await audit('verify')).toMatchObject({
    code: 1,
    text: expect.stringMatching(/Entry 3 does not fit: it was changed[^]*2 entries fit together/),
  })
})

it('export prints every entry once, oldest first, also over several pages, and reads on from a number', async () => {
  const { audit, call } = await start()
  for (let count = 0; count < 41; count++) await call('PUT', '/integrations/sandbox', { name: `Name ${count}` })
  const lines = (await audit('export')).text.trimEnd().split('\n')
  const entries = lines.map((line) => JSON.parse(line) as { number: number; after: { name: string } })
  expect(entries.map(({ number }) => number)).toEqual(Array.from({ length: 45 }, (_, at) => at + 1))
  expect(entries[44]!.after.name).toBe('Name 40')
  expect((await audit('export', '--after', '44')).text.split('\n')).toHaveLength(2)
})

it('a key that may not see the trail is told so', async () => {
  const { audit, newKey } = await start()
  const { key } = await newKey(['providers.list'])
  expect(await audit('verify', '--key', key)).toMatchObject({
    code: 1,
    text: expect.stringContaining('audit_logs.list'),
  })
})

it.each([[[]], [['check']], [['verify', '--number', '3']], [['verify', '--nonsense']]])(
  'called wrongly it says how to call it: %j',
  async (args) => {
    expect((await (await start()).audit(...args)).code).toBe(2)
  },
)

it('the data folder can be checked while no gateway runs on it, and only then', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-audit-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  await expect(verifyDataFolder(folder)).rejects.toThrow('PORTCULLIS_DATA')

  const store = await openStore({ file: join(folder, 'portcullis.db') })
  const [at, actor] = [1, { type: 'preset_key', id: null, name: null, user_id: null }] as const
  const origin = { client_ip: '127.0.0.1', forwarded_for: null, user_agent: null, status: 200 }
  const request = { id: 'req_1', method: 'PUT', uri: '/v1/x', ...origin }
  const entry = { organisationId: 'o', workspaceId: null, at, action: 'update', resourceType: 'key', resourceId: 'k' }
  await appendAuditEntry(store.db, { ...entry, actor, request, reason: null, before: null, after: { a: 1 } })
  await expect(verifyDataFolder(folder)).rejects.toThrow('Another gateway')
  await store.close()

  const verdict = await verifyDataFolder(folder)
  expect(tellVerdict(verdict)).toEqual({ code: 0, text: expect.stringContaining('1 entries') })
  const broken = { ...verdict, problem: { number: 1, why: 'it is missing' } }
  expect(tellVerdict(broken)).toMatchObject({ code: 1, text: expect.stringContaining('Entry 1') })
})

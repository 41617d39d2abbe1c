import Fastify from 'fastify'
import { expect, test } from 'vitest'
import type { Database } from '../store/database.ts'
import { createManualClock } from '../testing/clock.ts'
import { registerOtlp } from './register-otlp.ts'

test('while the store is away, clients are asked to send it again, and the reason is reported', async () => {
  const clock = createManualClock()
  const away = new Error('the database is away')
  const db = {
    insertInto() {
      throw away
    },
  } as unknown as Database
  const reports: unknown[] = []
  const app = Fastify()
  const intake = registerOtlp(app, {
    clock,
    db,
    findCaller: () => ({ organisationId: 'org', workspaceId: 'ws', keyId: 'key', userId: undefined }),
    dayOf: (moment) => moment,
    report: (problem) => reports.push(problem),
  })
  const record = { timeUnixNano: String(clock.now() * 1e6), eventName: 'user_prompt' }
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/logs',
    headers: { 'content-type': 'application/json' },
    payload: { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] },
  })
  expect(answer.statusCode).toBe(503)
  expect(answer.headers['retry-after']).toBe('5')
  expect(answer.json()).toMatchObject({ code: 14 })
  expect(reports).toEqual([away])
  expect(intake.numbers().logs).toEqual({ taken: 0, rejected: 0, refused: 1 })
  await app.close()
})

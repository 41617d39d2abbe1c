import { afterEach, expect, test } from 'vitest'
import { FALLBACK, ask, calls, serve, startThree, stopThree } from './three-targets.ts'

const expired = { upstream: { expiresAt: Date.UTC(2026, 0, 2) } }

afterEach(() => stopThree())

test('a provider that has expired serves nobody, and the request is told when that was', async () => {
  await startThree([serve], expired)
  const { status, body } = await ask({ config: null }).answer
  expect(status).toBe(400)
  expect(JSON.parse(body.toString())).toMatchObject({
    error: {
      message:
        'Provider @prod in workspace ws-payments expired on 2026-01-02T00:00:00.000Z. Name another one, or ask an administrator.',
    },
  })
  expect(calls()).toEqual([0])
})

test('a config goes on to the next target', async () => {
  await startThree([serve, serve], expired, { expiresAt: Date.UTC(2100, 0, 1) })
  expect((await ask({ config: { ...FALLBACK, targets: FALLBACK.targets.slice(0, 2) } }).answer).status).toBe(200)
  expect(calls()).toEqual([0, 1])
})

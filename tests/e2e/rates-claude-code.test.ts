import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { header } from '../../src/core/headers.ts'
import { createRates } from '../../src/limits/create-rates.ts'
import type { Lane } from '../../src/limits/limit.ts'
import { type ClaudeCodeEnd, findClaudeCode, runClaudeCode } from '../../src/testing/claude-code.ts'
import { type TestGateway, startGateway } from '../../src/testing/gateway.ts'
import { type RecordingProxy, startRecordingProxy } from '../../src/testing/recording-proxy.ts'
import { startScriptedUpstream } from '../../src/testing/scripted-upstream.ts'
import { KEY, NO_LIMITS, startDataPlane } from '../wire/data-plane.ts'

vi.setConfig({ testTimeout: 90_000 })

const isMissing = findClaudeCode() === undefined

/** A session with two sub-agents: some ten requests, several of them at the same time. */
const SESSION = 'sandbox-agents'

let wire: RecordingProxy
const closings: (() => Promise<void>)[] = []

afterEach(async () => {
  for (let close = closings.pop(); close !== undefined; close = closings.pop()) await close()
})

async function record(url: string): Promise<void> {
  wire = await startRecordingProxy(url)
  closings.push(() => wire.stop())
}

/** A whole gateway, and a key with these limits. */
async function start(rateLimits: readonly object[]): Promise<{ readonly gateway: TestGateway; readonly key: string }> {
  const gateway = await startGateway({ upstream: { playAs: () => SESSION } })
  closings.push(() => gateway.stop())
  const { key } = await gateway.createKey({ name: 'ci', rate_limits: rateLimits })
  await record(gateway.url)
  return { gateway, key }
}

/** As many repetitions as the client makes by itself. */
function work(token: string): Promise<ClaudeCodeEnd> {
  return runClaudeCode({ baseUrl: wire.origin, token, args: ['Please look around', '--model', 'claude-opus-5-5'] })
}

const calls = () => wire.exchanges.filter(({ method }) => method === 'POST')
const refusals = () => calls().filter(({ status }) => status === 429)

function expectFinished(end: ClaudeCodeEnd): void {
  expect(end).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('You asked: “Please look around”') })
  expect(refusals().length).toBeGreaterThan(0)
  expect(calls().length - refusals().length).toBeGreaterThanOrEqual(10)
}

describe('Claude Code at a rate limit', () => {
  test.skipIf(isMissing)('that goes by the second waits as it is told, and finishes by itself', async () => {
    const { key } = await start([{ type: 'requests', unit: 'rps', value: 2 }])
    expectFinished(await work(key))
    for (const { answerHeaders } of refusals()) expect(header(answerHeaders, 'retry-after')).toMatch(/^[12]$/)
  })

  test.skipIf(isMissing)('of three seconds waits as it is told, and finishes by itself', async () => {
    const upstream = await startScriptedUpstream({ playAs: () => SESSION })
    closings.push(() => upstream.stop())
    const lane: Lane = {
      rate: {
        kind: 'rate',
        id: 'limit',
        level: 'key',
        of: 'key “ci”',
        workspaceId: undefined,
        unit: 'requests',
        value: 4,
        windowMs: 3_000,
      },
      bucket: 'limit',
    }
    const plane = await startDataPlane({
      origin: upstream.origin,
      limits: {
        ...NO_LIMITS,
        rulebook: () => ({ ...NO_LIMITS.rulebook(), lanes: () => [lane] }),
        rates: createRates({ clock: systemClock }),
      },
    })
    closings.push(() => plane.stop())
    await record(plane.url)
    expectFinished(await work(KEY))
    for (const { answerHeaders } of refusals()) expect(header(answerHeaders, 'retry-after')).toMatch(/^[1-4]$/)
  })

  test.skipIf(isMissing)('of one request at a time stands in line, and finishes by itself', async () => {
    const { gateway, key } = await start([{ type: 'concurrency', value: 1 }])
    const end = await work(key)
    expect(end).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('You asked: “Please look around”') })
    expect((await gateway.logs()).filter(({ outcome }) => outcome === 'completed').length).toBeGreaterThanOrEqual(10)
  })

  test.skipIf(isMissing)(
    'of a day asks once, stops, and shows who is limited, by how much and until when',
    async () => {
      const { gateway, key } = await start([{ type: 'requests', unit: 'rpd', value: 1 }])
      await gateway.admin('PUT', '/organisation', { contact: '#ai-platform' })
      await work(key)
      const before = refusals().length
      const end = await work(key)
      expect(end.exitCode).not.toBe(0)
      expect(end.stdout).toMatch(
        /^API Error: Request rejected \(429\) · Key “ci” may send 1 request a day, and that is used up\. The next request passes (tomorrow|on \d+ \w+) at \d\d:\d\d UTC\. Ask #ai-platform if that is too late\.\s*$/,
      )
      expect(refusals().length - before).toBe(1)
      const last = refusals().at(-1)!
      expect(header(last.answerHeaders, 'x-should-retry')).toBe('false')
    },
  )

  test.skipIf(isMissing)('of tokens that one request passes is told so at once', async () => {
    const { key } = await start([{ type: 'tokens', unit: 'rpm', value: 100 }])
    const end = await work(key)
    expect(end.stdout).toContain(
      'Key “ci” may use 100 tokens a minute. This request alone is larger. Run /compact, or ask',
    )
    expect(refusals()).toHaveLength(1)
  })
})

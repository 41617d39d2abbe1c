import { afterEach, describe, expect, test, vi } from 'vitest'
import { header } from '../../src/core/headers.ts'
import type { Scene } from '../../src/providers/scripted/scene.ts'
import { script } from '../../src/providers/scripted/script.ts'
import { findClaudeCode, runClaudeCode } from '../../src/testing/claude-code.ts'
import { type RecordingProxy, startRecordingProxy } from '../../src/testing/recording-proxy.ts'
import type { UpstreamRequest } from '../../src/testing/scripted-upstream.ts'
import { FALLBACK, type ThreeProviders, startThreeProviders } from '../../src/testing/three-providers.ts'

vi.setConfig({ testTimeout: 90_000 })

/** Seven requests one after the other, when no sub-agents may be started. */
const SESSION = 'sandbox-agents'
const ALONE = ['--disallowedTools', 'Agent']
const MODEL = 'claude-opus-5-5'

/** The targets of the fallback, as records and headers name them. */
const PATHS = ['config.targets[0]', 'config.targets[1]', 'config.targets[2]']

let gateway: ThreeProviders
let wire: RecordingProxy

afterEach(async () => {
  await wire.stop()
  await gateway.stop()
})

/** Starts everything; `before` is told the number of each request of the client before it goes on. */
async function start(
  direct: (request: UpstreamRequest) => Scene | undefined,
  before: (ordinal: number) => Promise<void>,
): Promise<void> {
  gateway = await startThreeProviders({
    anthropic: { playAs: () => SESSION, direct },
    bedrock: { playAs: SESSION },
    vertex: { playAs: SESSION },
  })
  wire = await startRecordingProxy(gateway.url, { before })
}

function runSession() {
  return runClaudeCode({
    baseUrl: wire.origin,
    token: gateway.key,
    args: ['Please look around', '--model', MODEL, ...ALONE],
    env: { CLAUDE_CODE_MAX_RETRIES: '1' },
  })
}

/** Requests of the client, in order. */
const calls = () => wire.exchanges.filter(({ method }) => method === 'POST')

/** Which target answered each of them. */
const servedBy = () => calls().map(({ answerHeaders }) => header(answerHeaders, 'x-portkey-last-used-option-index'))

/** The session has come to its end, and whoever sat before it has seen nothing of what happened. */
function expectNothingSeen({ stdout, stderr, exitCode }: Awaited<ReturnType<typeof runSession>>): void {
  expect(stdout).toContain('You asked: “Please look around”')
  expect(stdout + stderr).not.toMatch(/error|retry/i)
  expect(exitCode).toBe(0)
  expect(calls().map(({ status }) => status)).toEqual(calls().map(() => 200))
  // The client counts its own repetitions in this header.
  expect(new Set(calls().map(({ headers }) => header(headers, 'x-stainless-retry-count')))).toEqual(new Set(['0']))
  expect(new Set(calls().map(({ body }) => body.toString())).size).toBe(calls().length)
}

const DEATHS = [
  { death: 'nobody listens any more', play: undefined },
  { death: 'status 500', play: 'sandbox-error-500' },
  { death: 'status 529', play: 'sandbox-overloaded' },
  { death: 'status 200 and an error event first', play: 'sandbox-overloaded-late' },
  { death: 'a cut before the content', play: 'sandbox-cut-start' },
]

describe.skipIf(findClaudeCode() === undefined)('a session of Claude Code whose first provider dies', () => {
  test.each(DEATHS)('with $death goes on at the second, and at the third when that dies too', async ({ play }) => {
    let dead = false
    await start(
      ({ headers, body }) =>
        dead && play !== undefined ? script({ endpoint: 'messages', headers, body, playAs: play }) : undefined,
      async (ordinal) => {
        if (ordinal === 2) {
          dead = true
          if (play === undefined) await gateway.anthropic.stop()
        }
        if (ordinal === 4) await gateway.bedrock.stop()
      },
    )
    expectNothingSeen(await runSession())

    const [first, second, third] = PATHS
    const rest = calls().slice(4)
    expect(rest.length).toBeGreaterThanOrEqual(2)
    expect(servedBy()).toEqual([first, first, second, second, ...rest.map(() => third)])
    // The dead one was asked when it died, and once more when its successor had died too.
    expect(gateway.anthropic.requests).toHaveLength(play === undefined ? 2 : 4)
    expect(gateway.bedrock.requests).toHaveLength(2)
    expect(gateway.vertex.requests).toHaveLength(rest.length)

    const rows = await gateway.logs()
    expect(rows).toHaveLength(calls().length)
    for (const row of rows)
      expect(row).toMatchObject({ outcome: 'completed', response_status_code: 200, error_code: null })
    expect(rows.map(({ virtual_key }) => `@${virtual_key}`)).toEqual(
      servedBy().map((path) => FALLBACK.targets[PATHS.indexOf(path!)]!.provider),
    )
    expect(rows.map(({ target_path }) => target_path)).toEqual(servedBy())
    // Only the two requests that met a death took more than one step.
    expect(rows.flatMap(({ route }, at) => (route.length > 1 ? [at] : []))).toEqual([2, 4])
    expect(rows[2]!.route.map(({ path, result }) => `${path} ${result}`)).toEqual([
      `${first} failed`,
      `${second} answered`,
    ])
    expect(rows[4]!.route.map(({ path, result }) => `${path} ${result}`)).toEqual([
      `${second} failed`,
      `${first} failed`,
      `${third} answered`,
    ])
  })
})

describe.skipIf(findClaudeCode() === undefined)('an administrator who changes the config during a session', () => {
  test('moves it to the other provider with the next request, and nothing breaks', async () => {
    await start(
      () => undefined,
      async (ordinal) => {
        if (ordinal !== 2) return
        const config = { provider: '@bedrock-prod' }
        await gateway.admin('PUT', `/configs/${gateway.config}`, { config })
      },
    )
    expectNothingSeen(await runSession())
    expect(gateway.anthropic.requests).toHaveLength(2)
    expect(gateway.bedrock.requests).toHaveLength(calls().length - 2)
    expect(calls().length).toBeGreaterThan(4)
    expect(gateway.vertex.requests).toHaveLength(0)
  })
})

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tidyBaseUrl } from '../../src/cli/base-url.ts'
import { explainUnreached } from '../../src/cli/explain-answer.ts'
import { runCli } from '../../src/cli/run.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { type FakeGateway, type FakeMachine, createFakeMachine, json, startFakeGateway } from './cli-harness.ts'

const KEY = 'pc_0123456789abcdef'

interface Report {
  readonly ok: boolean
  readonly findings: readonly { state: string; check: string; what: string; fix?: string }[]
}

let gateway: FakeGateway
let machine: FakeMachine

beforeEach(async () => {
  gateway = await startFakeGateway()
  machine = createFakeMachine()
})
afterEach(async () => {
  await gateway.stop()
  machine.remove()
})

/** Runs doctor; its exit code has to agree with its report. */
async function examine(...args: string[]): Promise<Report> {
  machine.printed()
  const exitCode = await runCli(['doctor', '--json', ...args], machine)
  const report = JSON.parse(machine.printed()) as Report
  expect(exitCode).toBe(report.ok ? 0 : 1)
  expect(report.ok).toBe(report.findings.every(({ state }) => state !== 'failure'))
  // What is wrong without a way out would be a riddle.
  for (const { state, fix } of report.findings) if (state !== 'ok') expect(fix).toBeTruthy()
  return report
}

const problems = ({ findings }: Report) => findings.filter(({ state }) => state !== 'ok')

function put(location: 'user' | 'project' | 'local' | 'managed', content: unknown): void {
  const path = {
    user: join(machine.home, '.claude', 'settings.json'),
    project: join(machine.workFolder, '.claude', 'settings.json'),
    local: join(machine.workFolder, '.claude', 'settings.local.json'),
    managed: join(machine.managedFolder, 'managed-settings.json'),
  }[location]
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
}

const good = (more: Record<string, string> = {}) => ({
  ANTHROPIC_BASE_URL: gateway.url,
  ANTHROPIC_AUTH_TOKEN: KEY,
  ...more,
})

test('finds nothing wrong after connect', async () => {
  expect(await runCli(['connect', '--url', gateway.url, '--key', KEY], machine)).toBe(0)
  const report = await examine()
  expect(problems(report)).toEqual([])
  expect(report.findings.map(({ check }) => check)).toEqual([
    'settings',
    'base URL',
    'key',
    'competing',
    'gateway',
    'clock',
    'request',
    'claude',
  ])
})

test('prints one line per check that fits 80 columns, and never the key', async () => {
  put('user', { env: good({ CLAUDE_CODE_USE_BEDROCK: '1' }) })
  let text = ''
  const listening = { ...machine, out: (more: string) => void (text += more) }
  expect(await runCli(['doctor'], listening)).toBe(1)
  expect(text).not.toContain(KEY)
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(text).toContain('✓ gateway')
  expect(text).toContain('✗ competing')
})

describe('finds, in the settings,', () => {
  test('that there are none', async () => {
    const report = await examine()
    expect(problems(report).map(({ check }) => check)).toEqual(['settings', 'base URL', 'key'])
    expect(report.ok).toBe(false)
  })

  test('a file that is not JSON, with line and column', async () => {
    put('user', '{\n  "env": {},\n}')
    expect(problems(await examine())[0]!.what).toContain('line 3, column 1')
  })

  test('a base URL that ends in /v1', async () => {
    put('user', { env: { ...good(), ANTHROPIC_BASE_URL: `${gateway.url}/v1` } })
    const [problem] = problems(await examine())
    expect(problem).toMatchObject({ state: 'failure', check: 'base URL' })
    expect(problem!.fix).toContain(`Set ANTHROPIC_BASE_URL to ${gateway.url},`)
  })

  test('a base URL without a scheme', async () => {
    put('user', { env: { ...good(), ANTHROPIC_BASE_URL: gateway.url.slice('http://'.length) } })
    expect(problems(await examine())[0]!.what).toContain('no scheme')
  })

  test('which of several sources wins', async () => {
    put('managed', { env: good() })
    put('local', { env: { ANTHROPIC_AUTH_TOKEN: 'pc_local_0123456789' } })
    put('user', { env: { ANTHROPIC_BASE_URL: 'https://other.example.com' } })
    machine = { ...machine, env: { ANTHROPIC_BASE_URL: 'https://shell.example.com' } }
    const { findings } = await examine()
    expect(findings.find(({ check }) => check === 'base URL')!.what).toContain(
      'managed-settings.json (wins over another one from ~/.claude/settings.json, the shell)',
    )
    expect(gateway.asked.at(-1)!.headers.authorization).toBe(`Bearer ${KEY}`)
  })

  test.each(['CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_USE_VERTEX', 'CLAUDE_CODE_USE_FOUNDRY'])(
    'the cloud switch %s',
    async (name) => {
      put('user', { env: good() })
      machine = { ...machine, env: { [name]: '1' } }
      const [problem] = problems(await examine())
      expect(problem).toMatchObject({ state: 'failure', check: 'competing' })
      expect(problem!.fix).toContain(`unset ${name}`)
      machine = { ...machine, env: { [name]: '0' } }
      expect(problems(await examine())).toEqual([])
    },
  )

  test('second credentials', async () => {
    put('user', {
      apiKeyHelper: 'print-key',
      env: good({ ANTHROPIC_API_KEY: 'sk-ant-1', ANTHROPIC_CUSTOM_HEADERS: 'x-portkey-api-key: other' }),
    })
    const found = problems(await examine()).map(({ what }) => what)
    expect(found).toHaveLength(3)
    expect(found[0]).toContain('ANTHROPIC_API_KEY')
    expect(found[1]).toContain('apiKeyHelper')
    expect(found[2]).toContain('x-portkey-api-key')
  })

  test('a forced login, and a sign-in at another gateway', async () => {
    put('user', { forceLoginMethod: 'claudeai', env: good() })
    writeFileSync(
      join(machine.home, '.claude', '.credentials.json'),
      JSON.stringify({ enterpriseGateway: {}, claudeAiOauth: {} }),
    )
    expect(problems(await examine()).map(({ fix }) => fix)).toEqual([
      'Remove forceLoginMethod from ~/.claude/settings.json.',
      'Run /logout in Claude Code.',
    ])
  })

  test('a claude.ai login that would send its token to us, but not one that rests', async () => {
    put('user', { env: { ANTHROPIC_BASE_URL: gateway.url } })
    writeFileSync(join(machine.home, '.claude', '.credentials.json'), JSON.stringify({ claudeAiOauth: {} }))
    expect(problems(await examine()).map(({ check }) => check)).toEqual(['key', 'sign-in'])
    put('user', { env: good() })
    expect(problems(await examine())).toEqual([])
  })

  test('a proxy that the gateway is not excepted from', async () => {
    put('user', { env: good() })
    machine = { ...machine, env: { HTTP_PROXY: 'http://proxy:3128' } }
    expect(problems(await examine()).map(({ check }) => check)).toEqual(['proxy'])
    machine = { ...machine, env: { HTTP_PROXY: 'http://proxy:3128', NO_PROXY: 'localhost, 127.0.0.1' } }
    expect(problems(await examine())).toEqual([])
  })
})

describe('finds, at the gateway,', () => {
  beforeEach(() => put('user', { env: good() }))

  test.each<[ErrorCode, RegExp]>([
    ['key.unknown', /whole key was copied/],
    ['key.revoked', /new key/],
    ['key.expired', /new key/],
    ['key.ambiguous', /x-portkey-api-key/],
    ['key.scope', /may not send messages/],
    ['provider.missing', /bind one/],
    ['model.not_allowed', /--model/],
    ['upstream.credential_rejected', /request id/],
  ])('%s', async (code, fix) => {
    gateway.refuse(code, 'Allowed: claude-opus-5-5.')
    const found = problems(await examine())
    expect(found).toHaveLength(1)
    expect(found[0]!.what).toContain('Allowed: claude-opus-5-5. (request req_refused)')
    expect(found[0]!.fix).toMatch(fix)
  })

  test('that the server is no Portcullis, and keeps the key to itself then', async () => {
    gateway.answer('/v1/health', (reply) => json(reply, 404, { message: 'no such page' }))
    expect(problems(await examine())[0]).toMatchObject({ state: 'failure', check: 'gateway' })
    expect(gateway.asked.some(({ headers }) => headers.authorization !== undefined)).toBe(false)
  })

  test('a redirect', async () => {
    gateway.answer('/v1/health', (reply) => void reply.writeHead(301, { location: 'https://gw.example.com/' }).end())
    expect(problems(await examine())[0]!.what).toContain('https://gw.example.com/')
  })

  test('that nothing listens there', async () => {
    await gateway.stop()
    expect(problems(await examine())[0]!.what).toContain('ECONNREFUSED')
  })

  test('that a port speaks no TLS', async () => {
    put('user', { env: { ...good(), ANTHROPIC_BASE_URL: gateway.url.replace('http:', 'https:') } })
    expect(problems(await examine())[0]!.fix).toContain('plain http')
  })

  test.each([
    ['ENOTFOUND', 'name', 'VPN'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls', 'NODE_EXTRA_CA_CERTS'],
    ['ETIMEDOUT', 'timeout', 'firewall'],
  ] as const)('the way out of %s', (code, why, fix) => {
    expect(explainUnreached({ reached: false, why, code }, tidyBaseUrl('https://gw.example.com')).fix).toContain(fix)
  })

  test('that the gateway has another version than the command line, which npx would go on using', async () => {
    gateway.answer('/v1/health', (reply) => json(reply, 200, { status: 'success', version: '9.9.9' }))
    expect(problems(await examine())).toMatchObject([
      { state: 'warning', check: 'version', fix: expect.stringContaining(`npx ${gateway.url}/cli.tgz doctor`) },
    ])
  })

  test('a clock that is more than five minutes off', async () => {
    machine = { ...machine, clock: { ...systemClock, now: () => systemClock.now() + 6 * 60_000 } }
    expect(problems(await examine())).toMatchObject([
      { check: 'clock', what: expect.stringContaining('6 minutes ahead') },
    ])
  })

  test('an old client, and none at all', async () => {
    machine = { ...machine, run: async () => ({ exitCode: 0, output: '2.0.76 (Claude Code)' }) }
    expect(problems(await examine())).toMatchObject([{ check: 'claude', fix: 'Update it: claude update' }])
    machine = { ...machine, run: async () => undefined }
    expect(problems(await examine())).toMatchObject([{ check: 'claude', what: 'Not found on the PATH.' }])
  })
})

test('tries the model that Claude Code would start with, unless only the client knows its id', async () => {
  const tried = () => (JSON.parse(gateway.asked.at(-1)!.body) as { model: string }).model
  put('user', { model: 'claude-sonnet-5-5[1m]', env: good() })
  await examine()
  expect(tried()).toBe('claude-sonnet-5-5')
  put('user', { model: 'opus', env: good() })
  await examine()
  expect(tried()).toBe('claude-haiku-5-5')
  await examine('--model', 'claude-opus-5-5')
  expect(tried()).toBe('claude-opus-5-5')
})

test('checks the URL and key it is given instead of those in the settings', async () => {
  put('user', { env: { ANTHROPIC_BASE_URL: 'http://127.0.0.1:1', ANTHROPIC_AUTH_TOKEN: 'wrong' } })
  expect((await examine('--url', gateway.url, '--key', KEY)).ok).toBe(true)
})

test('an answer cannot steer the terminal', async () => {
  gateway.refuse('key.unknown', 'before\u001b[2Jafter')
  await runCli(['doctor', '--url', gateway.url, '--key', KEY], machine)
  expect(machine.printed()).not.toContain('\u001b')
})

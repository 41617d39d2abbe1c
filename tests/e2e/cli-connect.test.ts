import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/run.ts'
import { systemClock } from '../../src/core/clock.ts'
import { ERRORS, type ErrorCode } from '../../src/core/errors.ts'
import { type FakeGateway, type FakeMachine, createFakeMachine, json, startFakeGateway } from './cli-harness.ts'

const KEY = 'pc_0123456789abcdef'
const BEFORE =
  '{\n    "permissions": {"allow": ["Bash(ls:*)"]},\n    "env": {\n        "MINE": "1"\n    },\n    "theme": "dark"\n}\n'

let gateway: FakeGateway
let machine: FakeMachine
let file: string

beforeEach(async () => {
  gateway = await startFakeGateway()
  machine = createFakeMachine()
  file = join(machine.home, '.claude', 'settings.json')
})
afterEach(async () => {
  await gateway.stop()
  machine.remove()
})

const connect = (...more: string[]) => runCli(['connect', '--url', gateway.url, '--key', KEY, ...more], machine)
const disconnect = (...more: string[]) => runCli(['disconnect', ...more], machine)
const read = (path = file) => readFileSync(path, 'utf8')
const env = () => (JSON.parse(read()) as { env: Record<string, string> }).env
const put = (text: string, path = file) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

describe('connect', () => {
  test('telemetry is switched on where somebody asks for it, with the key masked where it is shown', async () => {
    expect(await connect()).toBe(0)
    expect(Object.keys(env()).filter((name) => /OTEL|TELEMETRY/.test(name))).toEqual([])
    expect(await connect('--telemetry', '--dry-run')).toBe(0)
    const printed = machine.printed()
    expect(printed).toContain('x-portkey-api-key=…cdef')
    expect(printed).not.toContain(KEY)
    expect(await connect('--telemetry')).toBe(0)
    expect(env()).toMatchObject({
      CLAUDE_CODE_ENABLE_TELEMETRY: '1',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: gateway.url,
      OTEL_EXPORTER_OTLP_HEADERS: `x-portkey-api-key=${KEY}`,
    })
    expect(await disconnect()).toBe(0)
    expect(existsSync(file) ? read() : '').not.toContain('OTEL')
  })

  test('tries the key with one tiny message and writes the settings that served it', async () => {
    expect(await connect('--project', 'payments')).toBe(0)
    const pings = gateway.asked.filter(({ method }) => method === 'POST')
    expect(pings).toHaveLength(1)
    expect(pings[0]!.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(JSON.parse(pings[0]!.body)).toEqual({
      model: 'claude-haiku-5-5',
      max_tokens: 1,
      messages: [{ role: 'user', content: 'ping' }],
    })
    expect(env()).toEqual({
      ANTHROPIC_BASE_URL: gateway.url,
      ANTHROPIC_AUTH_TOKEN: KEY,
      CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1',
      CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      ANTHROPIC_DEFAULT_HAIKU_MODEL: 'claude-haiku-5-5',
      ANTHROPIC_CUSTOM_HEADERS: 'x-portkey-metadata: {"project":"payments"}',
    })
    const printed = machine.printed()
    expect(printed).toMatch(/served claude-haiku-5-5 in \d+ ms \(request req_served\)/)
    expect(printed).toContain('run claude')
    expect(printed).not.toContain(KEY)
  })

  test('keeps what stands in the file, in its own layout', async () => {
    put(BEFORE)
    expect(await connect()).toBe(0)
    expect(read()).toContain(
      '    "permissions": {"allow": ["Bash(ls:*)"]},\n    "env": {\n        "MINE": "1",\n        "ANTHROPIC_BASE_URL"',
    )
    expect(read()).toMatch(/\n {4}\},\n {4}"theme": "dark"\n\}\n$/)
  })

  test('lets nobody else read the file, because a key is inside', async () => {
    put(BEFORE)
    chmodSync(file, 0o644)
    expect(await connect()).toBe(0)
    for (const name of readdirSync(dirname(file))) expect(statSync(join(dirname(file), name)).mode & 0o777).toBe(0o600)
  })

  test('keeps a symbolic link and writes the file it points at', async () => {
    const target = join(machine.home, 'dotfiles', 'claude.json')
    put(BEFORE, target)
    mkdirSync(dirname(file))
    symlinkSync('../dotfiles/claude.json', file)
    expect(await connect()).toBe(0)
    expect(read(target)).toContain(KEY)
    expect(await disconnect()).toBe(0)
    expect(read(target)).toBe(BEFORE)
    expect(readdirSync(dirname(file))).toEqual(['settings.json'])
  })

  const refusals = Object.keys(ERRORS) as ErrorCode[]
  test.each(refusals)('writes nothing and says what to do when the gateway refuses with %s', async (code) => {
    put(BEFORE)
    gateway.refuse(code, 'The words of the gateway.')
    expect(await connect()).toBe(1)
    expect(readdirSync(dirname(file))).toEqual(['settings.json'])
    expect(read()).toBe(BEFORE)
    const printed = machine.printed()
    expect(printed).toContain('The words of the gateway. (request req_refused)')
    expect(printed).toContain('→')
  })

  test('says that a server which answers something else is no gateway', async () => {
    gateway.answer('/v1/messages', (reply) => void reply.writeHead(403).end('<html>Sign in</html>'))
    expect(await connect()).toBe(1)
    expect(machine.printed()).toContain('not as a gateway would')
    expect(existsSync(file)).toBe(false)
  })

  test('does not take any 200 for a served message', async () => {
    gateway.answer('/v1/messages', (reply) => json(reply, 200, { ok: true }))
    expect(await connect()).toBe(1)
    expect(existsSync(file)).toBe(false)
  })

  test('follows no redirect with the key in its hand', async () => {
    gateway.answer('/v1/messages', (reply) => void reply.writeHead(302, { location: 'https://sso.example.com/' }).end())
    expect(await connect()).toBe(1)
    expect(machine.printed()).toContain('https://sso.example.com/')
  })

  test('writes without asking the gateway when told so', async () => {
    expect(await connect('--no-verify')).toBe(0)
    expect(gateway.asked).toHaveLength(0)
    expect(env()['ANTHROPIC_BASE_URL']).toBe(gateway.url)
  })

  test('chooses models the key may use', async () => {
    gateway.answer('/v1/models', (reply) =>
      json(reply, 200, { data: [{ id: '@eu/claude-haiku-4-5' }, { id: 'claude-opus-5-5' }] }),
    )
    expect(await connect('--model', 'claude-opus-5-5')).toBe(0)
    expect(JSON.parse(gateway.asked.at(-1)!.body)).toMatchObject({ model: 'claude-opus-5-5' })
    expect(env()['ANTHROPIC_DEFAULT_HAIKU_MODEL']).toBe('@eu/claude-haiku-4-5')
    expect(JSON.parse(read())).toMatchObject({ model: 'claude-opus-5-5' })
  })

  test('a dry run shows the difference without the key, and changes and sends nothing', async () => {
    put(BEFORE.replace('"MINE": "1"', '"ANTHROPIC_API_KEY": "sk-ant-old-secret-9999"'))
    const before = read()
    expect(await connect('--dry-run')).toBe(0)
    const printed = machine.printed()
    expect(printed).toContain('+        "ANTHROPIC_AUTH_TOKEN": "…cdef"')
    expect(printed).toContain('-        "ANTHROPIC_API_KEY": "…9999"')
    expect(printed).not.toContain(KEY)
    expect(printed).not.toContain('old-secret')
    expect(read()).toBe(before)
    expect(readdirSync(dirname(file))).toEqual(['settings.json'])
    expect(gateway.asked).toHaveLength(0)
  })

  test('never touches a file with comments, and says where they begin', async () => {
    put('{\n  "theme": "dark" // mine\n}\n')
    expect(await connect()).toBe(1)
    expect(read()).toBe('{\n  "theme": "dark" // mine\n}\n')
    expect(machine.printed()).toContain('~/.claude/settings.json, line 2, column 19: JSON has no comments')
    expect(gateway.asked).toHaveLength(0)
  })

  test('tidies the URL and says so', async () => {
    expect(await runCli(['connect', '--url', `${gateway.url}/v1/`, '--key', KEY], machine)).toBe(0)
    expect(env()['ANTHROPIC_BASE_URL']).toBe(gateway.url)
    expect(machine.printed()).toContain('Left out "/v1"')
  })

  test('writes nothing when the person at the terminal says no', async () => {
    machine = { ...machine, ask: { line: async () => 'n', secret: async () => '' } }
    expect(await connect()).toBe(1)
    expect(existsSync(file)).toBe(false)
  })

  test('takes URL and key from the environment or the terminal', async () => {
    machine = {
      ...machine,
      env: { PORTCULLIS_URL: gateway.url },
      ask: { line: async () => 'y', secret: async () => KEY },
    }
    expect(await runCli(['connect'], machine)).toBe(0)
    expect(env()['ANTHROPIC_AUTH_TOKEN']).toBe(KEY)
  })

  test('tells of shell variables, of an old client and of a file that git would commit', async () => {
    machine = {
      ...machine,
      env: { ANTHROPIC_API_KEY: 'sk-ant-1', ANTHROPIC_BASE_URL: 'https://elsewhere' },
      run: async (program) =>
        program === 'claude' ? { exitCode: 0, output: '2.0.76 (Claude Code)\n' } : { exitCode: 1, output: '' },
    }
    expect(await connect('--location', 'project')).toBe(0)
    const printed = machine.printed()
    expect(printed).toContain('unset ANTHROPIC_API_KEY')
    expect(printed).toContain('ANTHROPIC_BASE_URL is exported in this shell too. The settings file wins')
    expect(printed).toContain('claude update')
    expect(printed).toContain('the key would be committed')
    expect(printed).toContain(`To take this back:\n  ${machine.program} disconnect --location project\n`)
    expect(existsSync(join(machine.workFolder, '.claude', 'settings.json'))).toBe(true)
  })

  test.each([
    [['connect', '--key', KEY]],
    [['connect', '--url', 'http://127.0.0.1:1']],
    [['connect', '--url', 'http://127.0.0.1:1', '--key', 'a b']],
    [['connect', '--url', 'http://127.0.0.1:1', '--key', KEY, '--location', 'moon']],
    [['connect', '--colour', 'red']],
    [['conect']],
  ])('explains how it is called, with exit code 2: %j', async (args) => {
    expect(await runCli(args, machine)).toBe(2)
    expect(machine.printed()).not.toBe('')
  })
})

describe('disconnect', () => {
  test('puts any settings file back byte for byte, and leaves nothing beside it', async () => {
    const texts = fc
      .tuple(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(undefined, 2, '\t'),
        fc.constantFrom('', '\n', '\r\n'),
      )
      .filter(([document]) => document['env'] === undefined)
      .map(([document, space, end]) => JSON.stringify(document, null, space) + end)
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        put(text)
        expect(await connect('--no-verify')).toBe(0)
        expect(await connect('--no-verify', '--project', 'second')).toBe(0)
        expect(await disconnect()).toBe(0)
        expect(read()).toBe(text)
        expect(readdirSync(dirname(file))).toEqual(['settings.json'])
      }),
      { numRuns: 40 },
    )
  })

  test('after connecting twice, goes back to before the first time', async () => {
    put(BEFORE)
    await connect()
    machine = { ...machine, clock: { ...systemClock, now: () => systemClock.now() + 3_600_000 } }
    await connect('--model', 'claude-opus-5-5')
    expect(readdirSync(dirname(file)).filter((name) => name.includes('backup'))).toHaveLength(1)
    await disconnect()
    expect(read()).toBe(BEFORE)
    expect(readdirSync(dirname(file))).toEqual(['settings.json'])
  })

  test('gives the file its permissions back', async () => {
    put(BEFORE)
    chmodSync(file, 0o640)
    await connect()
    await disconnect()
    expect(statSync(file).mode & 0o777).toBe(0o640)
  })

  test('removes a file that did not exist before', async () => {
    await connect()
    expect(await disconnect()).toBe(0)
    expect(readdirSync(dirname(file))).toEqual([])
  })

  test('keeps what others changed since, and takes only its own back', async () => {
    put(BEFORE)
    await connect()
    const edited = JSON.parse(read()) as { env: Record<string, string>; theme: string }
    edited.theme = 'light'
    edited.env['ANTHROPIC_BASE_URL'] = 'https://other.example.com'
    writeFileSync(file, JSON.stringify(edited, null, 2))
    machine.printed()
    expect(await disconnect()).toBe(0)
    expect(JSON.parse(read())).toEqual({
      permissions: { allow: ['Bash(ls:*)'] },
      env: { MINE: '1', ANTHROPIC_BASE_URL: 'https://other.example.com' },
      theme: 'light',
    })
    expect(machine.printed()).toContain('env.ANTHROPIC_BASE_URL was changed since')
  })

  test('finds its way back without the backup', async () => {
    put(BEFORE)
    await connect()
    const names = readdirSync(dirname(file)).filter((name) => name.includes('backup'))
    expect(names).toHaveLength(1)
    rmSync(join(dirname(file), names[0]!))
    expect(await disconnect()).toBe(0)
    expect(JSON.parse(read())).toEqual(JSON.parse(BEFORE))
  })

  test('touches nothing where connect was never run', async () => {
    put(BEFORE)
    expect(await disconnect()).toBe(1)
    expect(read()).toBe(BEFORE)
  })

  test('follows no receipt that leads to another folder', async () => {
    put(BEFORE)
    await connect()
    const receipt = `${file}.portcullis-receipt.json`
    const forged = { ...(JSON.parse(read(receipt)) as object), backup: '../../secret' }
    writeFileSync(receipt, JSON.stringify(forged))
    const before = read()
    expect(await disconnect()).toBe(1)
    expect(read()).toBe(before)
  })
})

test('settings prints the block and nothing else on stdout', async () => {
  let out = ''
  machine = { ...machine, out: (text) => void (out += text) }
  expect(await runCli(['settings', '--url', 'gw.example.com/', '--key', KEY], machine)).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    env: { ANTHROPIC_BASE_URL: 'https://gw.example.com', ANTHROPIC_AUTH_TOKEN: KEY },
  })
})

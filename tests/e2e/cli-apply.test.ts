import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Machine } from '../../src/cli/machine.ts'
import { runCli } from '../../src/cli/run.ts'
import { startGateway, type TestGateway } from '../../src/testing/gateway.ts'
import { type FakeMachine, createFakeMachine } from './cli-harness.ts'

const SECRET = 'sk-ant-a-secret-that-nobody-sees'

const FILE = `portcullis: 1
name: platform
integrations:
  claude:
    ai_provider_id: anthropic
    key: \${env:CLAUDE_KEY}
    workspaces: [default]
workspaces:
  default:
    providers:
      claude: { integration: claude, note: For everybody }
    configs:
      steady:
        config: { provider: "@claude", retry: { attempts: 2 } }
    keys:
      ci: { description: Of the build, defaults: { config: steady } }
`

let gateway: TestGateway
let machine: FakeMachine

beforeEach(async () => {
  gateway = await startGateway()
  machine = createFakeMachine({ env: { CLAUDE_KEY: SECRET } })
})
afterEach(async () => {
  await gateway.stop()
  machine.remove()
})

async function run(args: readonly string[], changes: Partial<Machine> = {}): Promise<{ code: number; text: string }> {
  const url = ['--url', gateway.url, '--key', gateway.adminKey]
  const code = await runCli([...args, ...url], { ...machine, ...changes })
  return { code, text: machine.printed() }
}

function write(text: string, name = 'portcullis.yaml'): string {
  const path = join(machine.workFolder, name)
  writeFileSync(path, text)
  return path
}

test('plans, applies and has nothing left to do', async () => {
  write(FILE)
  const planned = await run(['apply', '-f', 'portcullis.yaml', '--plan'])
  expect(planned.code).toBe(2)
  expect(planned.text).toContain('+ integration claude\n')
  expect(planned.text).toMatch(/ {4}key +\(set\)\n/)
  expect(planned.text).toMatch(/To create: 4\. To change: 0\. To remove: 0\./)

  const applied = await run(['apply', '-f', 'portcullis.yaml', '--yes'])
  expect(applied.code).toBe(0)
  expect(applied.text).toMatch(/ci {2}pcl_\w{40}\n/)
  expect(applied.text).not.toContain(SECRET)
  expect(applied.text).not.toContain('\u001b')

  expect(await run(['apply', '-f', 'portcullis.yaml', '--plan'])).toEqual({
    code: 0,
    text: 'Nothing to do: 5 as they should be.\n',
  })
})

test('asks before it changes anything, and takes only a yes', async () => {
  write(FILE)
  const answering = (answer: string) => ({ ask: { line: async () => answer, secret: async () => '' } })
  expect((await run(['apply', '-f', 'portcullis.yaml'])).text).toContain('Nobody can answer here')
  expect((await run(['apply', '-f', 'portcullis.yaml'], answering(''))).code).toBe(1)
  expect((await run(['apply', '-f', 'portcullis.yaml', '--plan'])).code).toBe(2)
  expect((await run(['apply', '-f', 'portcullis.yaml'], answering('y'))).code).toBe(0)
})

test('writes new keys into a file for one pair of eyes when asked', async () => {
  write(FILE)
  writeFileSync(join(machine.workFolder, 'keys.json'), 'of somebody else', { mode: 0o644 })
  const { text } = await run(['apply', '-f', 'portcullis.yaml', '--yes', '--keys-file', 'keys.json'])
  expect(text).not.toContain('pcl_')
  const path = join(machine.workFolder, 'keys.json')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const [[name, key] = []] = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>)
  expect([name, key]).toEqual([expect.stringMatching(/\/ci$/), expect.stringMatching(/^pcl_/)])
})

test('tells every problem with file, line and column, as editors understand it', async () => {
  const path = write(FILE.replace('${env:CLAUDE_KEY}', SECRET).replace('note:', 'noet:'))
  const { code, text } = await run(['apply', '-f', 'portcullis.yaml', '--yes'])
  expect(code).toBe(1)
  expect(text).toContain(`${path}:6:5: integrations.claude.key: has to be a reference such as`)
  expect(text).toContain(
    `${path}:11:38: workspaces.default.providers.claude.noet: "noet" is not known here; did you mean note?`,
  )
  expect(text).not.toContain(SECRET)
})

test('a secret that is not there stops an apply, and a plan goes on without it', async () => {
  write(FILE)
  const without = { env: {} }
  expect(await run(['apply', '-f', 'portcullis.yaml', '--yes'], without)).toEqual({
    code: 1,
    text: 'env:CLAUDE_KEY is not set.\nSet what is missing. To leave a secret as it is, take its member out of the file. Nothing was changed.\n',
  })
  const planned = await run(['apply', '-f', 'portcullis.yaml', '--plan'], without)
  expect(planned.code).toBe(2)
  expect(planned.text).toContain('env:CLAUDE_KEY is not set, so it is not compared.')
})

test('a secret may lie in a file beside the configuration', async () => {
  write(FILE.replace('${env:CLAUDE_KEY}', '${file:claude.key}'))
  write(`${SECRET}\n`, 'claude.key')
  expect((await run(['apply', '-f', 'portcullis.yaml', '--yes'])).code).toBe(0)
  write(SECRET, 'claude.key')
  expect((await run(['apply', '-f', 'portcullis.yaml', '--plan'])).code).toBe(0)
})

test('shows what would be removed, and removes nothing when told so', async () => {
  write(FILE)
  await run(['apply', '-f', 'portcullis.yaml', '--yes'])
  write(FILE.split('    keys:')[0]!)
  expect((await run(['apply', '-f', 'portcullis.yaml', '--plan'])).text).toMatch(/^- key ws-default-\w+\/ci\n/)
  expect(await run(['apply', '-f', 'portcullis.yaml', '--plan', '--no-prune'])).toMatchObject({ code: 0 })
  expect(await run(['apply', '-f', 'portcullis.yaml', '--yes'])).toMatchObject({ code: 0 })
})

test('shows long changes as a difference of lines, in colour where it can be seen', async () => {
  write(FILE)
  await run(['apply', '-f', 'portcullis.yaml', '--yes'])
  write(FILE.replace('attempts: 2', 'attempts: 5'))
  const { text } = await run(['apply', '-f', 'portcullis.yaml', '--plan'], { colours: true, width: 60 })
  expect(text).toMatch(/\u001b\[33m~ config ws-default-\w+\/steady\u001b\[0m/)
  expect(text).toContain('\u001b[31m-    "attempts": 2\u001b[0m')
  expect(text).toContain('\u001b[32m+    "attempts": 5\u001b[0m')
})

test('a new thing is shown whole, also where it does not fit on a line', async () => {
  write(
    FILE.replace('retry: { attempts: 2 }', 'retry: { attempts: 2, on_status_codes: [429, 500, 502, 503, 504, 529] }'),
  )
  const { text } = await run(['apply', '-f', 'portcullis.yaml', '--plan'], { width: 60 })
  expect(text).toContain('\n          "attempts": 2,\n')
  expect(text).toContain('529')
  expect(text).not.toContain('…')
})

test('a file that is not there is named', async () => {
  const { code, text } = await run(['apply', '-f', 'elsewhere.yaml'])
  expect([code, text]).toEqual([1, `There is no file ${join(machine.workFolder, 'elsewhere.yaml')}.\n`])
})

test('an export is a file that changes nothing', async () => {
  write(FILE)
  await run(['apply', '-f', 'portcullis.yaml', '--yes'])
  const exported = await run(['export', '-o', 'exported.yaml', '--name', 'platform'])
  expect(exported.code).toBe(0)
  expect(exported.text).toContain('env:UPSTREAM_KEY')
  const text = readFileSync(join(machine.workFolder, 'exported.yaml'), 'utf8')
  expect(text).toContain('${env:CLAUDE_KEY}')
  const env = { CLAUDE_KEY: SECRET, UPSTREAM_KEY: 'sk-ant-a-credential-of-tests' }
  expect((await run(['apply', '-f', 'exported.yaml', '--plan'], { env })).text).toMatch(/^Nothing to do/)
})

test('a key that may not is told what it lacks', async () => {
  write(FILE)
  const code = await runCli(['apply', '-f', 'portcullis.yaml', '--url', gateway.url, '--key', gateway.key], machine)
  expect([code, machine.printed()]).toEqual([
    1,
    'This key may not do that: it needs the scope organisation_settings.read.\n',
  ])
})

test('explain says what applies to a key, which asks about itself', async () => {
  write(FILE)
  await run(['apply', '-f', 'portcullis.yaml', '--yes', '--keys-file', 'keys.json'])
  const [key = ''] = Object.values(JSON.parse(readFileSync(join(machine.workFolder, 'keys.json'), 'utf8')) as object)
  const ask = (...more: string[]) => runCli(['explain', '--url', gateway.url, '--key', String(key), ...more], machine)
  expect(await ask('--model', 'claude-opus-5-5')).toBe(0)
  const text = machine.printed()
  expect(text).toMatch(/✓ verdict +@claude serves claude-opus-5-5\./)
  expect(text).toMatch(/config +pc-steady-\w+: The key names it\./)
  expect(await ask('--model', 'claude-opus-5-5', '--provider', '@nothing')).toBe(1)
  expect(machine.printed()).toMatch(/✗ verdict +Unknown provider @nothing/)
})

test('explain says that it needs a model', async () => {
  const ask = ['explain', '--url', gateway.url, '--key', gateway.key]
  expect(await runCli(ask, machine)).toBe(1)
  expect(machine.printed().replace(/\s+/g, ' ')).toContain('✗ verdict Name a model as well: which target serves')
})

test('explain asks about the key of an id in the name of an administrator', async () => {
  const { id } = await gateway.createKey({ usage_limits: { credit_limit: 10, periodic_reset: 'weekly' } })
  const admin = { ...machine, env: { PORTCULLIS_KEY: gateway.adminKey } }
  expect(await runCli(['explain', '--url', gateway.url, '--key', id, '--model', 'claude-opus-5-5'], admin)).toBe(0)
  expect(machine.printed()).toMatch(/first limit +.*\$0 of \$10, \$10 left; begins anew/)
})

test.each([
  [{}, 'content is kept as it was (by default), for 30 days (by default); its words cannot be searched (by default)'],
  [
    { content: 'masked', content_days: 1, masking: [{ name: 'email' }], searchable: true },
    'content is kept with secrets masked (says the key), and email, for 1 day (says the key); its words can be searched (says the key)',
  ],
  [{ content: 'metadata', content_days: 7 }, 'no content is kept (says the key)'],
])('explain says what is kept of the requests of a key, and who says so: %j', async (records, expected) => {
  const { key } = await gateway.createKey({ records })
  await runCli(['explain', '--url', gateway.url, '--key', key, '--model', 'claude-opus-5-5'], machine)
  const text = machine.printed().replace(/\s+/g, ' ').trim()
  expect(text.slice(text.indexOf('· records'))).toBe(`· records ${expected}`)
})

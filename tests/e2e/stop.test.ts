import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let folder: string
let child: ChildProcess
let printed: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-stop-'))
})

afterEach(() => {
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** The gateway as a process of its own. */
function start(settings: Record<string, string>): void {
  printed = ''
  const env = { PORT: '0', PORTCULLIS_DATA: join(folder, 'data'), PORTCULLIS_LOG_LEVEL: 'silent', ...settings }
  child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'start'], { env })
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text: Buffer) => void (printed += text))
}

async function shown(pattern: RegExp): Promise<string> {
  for (;;) {
    const found = pattern.exec(printed)
    if (found !== null) return found[1] ?? found[0]
    await once(child.stdout!, 'data')
  }
}

test('one wish to stop that arrives several times still waits for running answers', async () => {
  start({ PORTCULLIS_DRAIN_MS: '300' })
  const url = await shown(/listens on (\S+)/)
  const key = await shown(/\bpcl_\w+/)
  const answer = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sandbox-silent-mid', max_tokens: 64, stream: true, messages: [] }),
  })
  child.kill('SIGTERM')
  await shown(/SIGTERM: waiting for running answers/)
  child.kill('SIGTERM')
  child.kill('SIGINT')
  await answer.text()
  await once(child, 'exit')
  expect(child.exitCode).toBe(0)
  expect(printed).not.toContain('ending running answers')
})

test.each([
  ['HOST', '192.0.2.1', /^HOST: this machine has no address 192\.0\.2\.1 to listen on\.\n$/],
  ['PORTCULLIS_DATA', MAIN, /^Cannot open .*main\.ts\/portcullis\.db: EEXIST.* PORTCULLIS_DATA names its folder\.\n$/],
])('%s=%s ends the start with one line', async (name, value, line) => {
  start({ [name]: value })
  await once(child, 'close')
  expect(child.exitCode).toBe(1)
  expect(printed).toMatch(line)
})

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sendJson } from '../../src/testing/http.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let data: string
let child: ChildProcessByStdio<null, Readable, null>

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'portcullis-process-'))
  child = spawn(process.execPath, [MAIN, 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PORT: '0', PORTCULLIS_DATA: data, PORTCULLIS_LOG_LEVEL: 'silent', PORTCULLIS_DRAIN_MS: '100' },
  })
})

afterEach(() => {
  child.kill('SIGKILL')
  rmSync(data, { recursive: true, force: true })
})

test('a shutdown ends running answers in good order, also when nobody reads the terminal any more', async () => {
  const exited = once(child, 'exit')
  const { url, key } = await readBanner()
  child.stdout.destroy()
  const { answer, firstBytes } = sendJson(
    `${url}/v1/messages`,
    { model: 'sandbox-silent-mid', max_tokens: 100, stream: true, messages: [{ role: 'user', content: 'Hello' }] },
    ['x-api-key', key],
  )
  await firstBytes

  child.kill('SIGTERM')
  const { whole, body } = await answer
  expect(whole).toBe(true)
  expect(body.toString()).toContain('The gateway was shut down during this')
  expect(await exited).toEqual([0, null])
})

/** What the first start prints: where it listens, and a developer's first key. */
async function readBanner(): Promise<{ url: string; key: string }> {
  let output = ''
  child.stdout.setEncoding('utf8')
  for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
    output += text as string
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0]
    const key = /x-api-key: (pcl_\w+)/.exec(output)?.[1]
    if (url !== undefined && key !== undefined) return { url, key }
  }
  throw new Error(`The gateway did not start: ${output}`)
}

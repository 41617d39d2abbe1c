import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildCliPackage } from '../../src/cli-package.ts'
import { type FakeGateway, startFakeGateway } from './cli-harness.ts'

const KEY = 'pc_0123456789abcdef'
const LAUNCHER = fileURLToPath(new URL('../../bin/portcullis.mjs', import.meta.url))

/** Every Node on this machine's path: a developer's may be older than ours. */
const nodes = [process.execPath, ...process.env['PATH']!.split(delimiter).map((folder) => join(folder, 'node'))]
  .filter((path) => existsSync(path))
  .map((path) => realpathSync(path))
  .filter((path, at, all) => all.indexOf(path) === at)

let root: string
let tarball: Buffer
let gateway: FakeGateway

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'portcullis-package-'))
  tarball = await buildCliPackage({ version: '9.8.7' })
  writeFileSync(join(root, 'cli.tgz'), tarball)
  execFileSync('tar', ['-xzf', 'cli.tgz'], { cwd: root })
  gateway = await startFakeGateway()
  gateway.answer('/cli.tgz', (reply) => void reply.writeHead(200, { 'content-type': 'application/gzip' }).end(tarball))
})
afterAll(async () => {
  await gateway.stop()
  rmSync(root, { recursive: true, force: true })
})

/** Runs a program with an empty home and nothing of this machine's environment but the way to its programs. */
function run(program: string, args: readonly string[], home: string, path = '/usr/bin:/bin') {
  mkdirSync(home, { recursive: true })
  return new Promise<{ code: number; output: string }>((resolve) => {
    execFile(program, args, { cwd: home, env: { PATH: path, HOME: home } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    )
  })
}

describe('the served package', () => {
  test('is the same, byte for byte, every time it is built', async () => {
    expect((await buildCliPackage({ version: '9.8.7' })).equals(tarball)).toBe(true)
  })

  test('is small, and needs no other package', () => {
    expect(tarball.length).toBeLessThan(64 * 1024)
    const manifest = JSON.parse(readFileSync(join(root, 'package', 'package.json'), 'utf8')) as Record<string, unknown>
    expect(manifest).toMatchObject({
      name: 'portcullis-cli',
      version: '9.8.7',
      bin: { portcullis: 'dist/cli/main.js' },
    })
    expect(manifest).not.toHaveProperty('dependencies')
  })

  test('holds nothing of the server', () => {
    const listed = execFileSync('tar', ['-tzf', 'cli.tgz'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
    for (const path of listed) expect(path).toMatch(/^package\/(package\.json|dist\/(cli|core|contract)\/[a-z-]+\.js)$/)
  })

  test.each(nodes)('connects and disconnects on %s', async (node) => {
    const home = mkdtempSync(join(root, 'home-'))
    const main = join(root, 'package', 'dist', 'cli', 'main.js')
    const settings = join(home, '.claude', 'settings.json')

    const connected = await run(node, [main, 'connect', '--url', gateway.url, '--key', KEY], home)
    expect(connected).toMatchObject({ code: 0, output: expect.stringContaining('req_served)') })
    expect(readFileSync(settings, 'utf8')).toContain(KEY)

    expect(await run(node, [main, 'disconnect'], home)).toMatchObject({ code: 0 })
    expect(existsSync(settings)).toBe(false)
    expect(await run(node, [main, '--version'], home)).toEqual({ code: 0, output: '9.8.7\n' })
  })

  test('run straight from the gateway, it knows which gateway that was', async () => {
    const npx = npxPath()
    const home = mkdtempSync(join(root, 'home-'))
    // The registry is a port where nothing listens: the package must not need one.
    const flags = ['--yes', '--registry=http://127.0.0.1:1', '--no-update-notifier', '--no-audit', '--no-fund']
    const args = [npx, ...flags, `${gateway.url}/cli.tgz`, 'connect', '--key', KEY, '--dry-run']
    const ran = await run(process.execPath, args, home, `${dirname(process.execPath)}:/usr/bin:/bin`)
    expect(ran).toMatchObject({ code: 0, output: expect.stringContaining(`"ANTHROPIC_BASE_URL": "${gateway.url}"`) })

    const connected = await run(process.execPath, args.slice(0, -1), home, `${dirname(process.execPath)}:/usr/bin:/bin`)
    expect(connected.output).toContain(`To take this back:\n  npx ${gateway.url}/cli.tgz disconnect\n`)
  })
})

test.each(nodes)('the launcher of a clone runs commands when it is started with %s', async (node) => {
  const home = mkdtempSync(join(root, 'home-'))
  expect(await run(node, [LAUNCHER, 'connect', '--help'], home)).toMatchObject({
    code: 0,
    output: expect.stringContaining('portcullis connect --url URL --key KEY'),
  })
  expect(await run(node, [LAUNCHER, 'conect'], home)).toMatchObject({ code: 2 })
  expect((await run(node, [LAUNCHER], home)).output).toContain(`node ${LAUNCHER} <command>`)
})

/** npm's own npx, as a script for the Node that runs this test. */
function npxPath(): string {
  const found = process.env['PATH']!.split(delimiter)
    .map((folder) => join(folder, 'npx'))
    .find((path) => existsSync(path))
  if (found === undefined) throw new Error('No npx on the PATH')
  return realpathSync(found)
}

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

/** Where a server of the tests listens: a socket in this folder, and this port of 127.0.0.1, where it asks for a password. */
export interface PostgresAddress {
  readonly folder: string
  readonly port: number
}

/** A server of the tests' own. It writes nothing through to the disk, and forgets everything at the end. */
export interface PostgresServer {
  readonly address: PostgresAddress
  /** Ends every connection and the process. */
  stop(): Promise<void>
  /** Begins again with the same data. */
  start(): Promise<void>
  /** Stops it and removes its data. */
  clear(): Promise<void>
}

/** The only user there is. */
const USER = 'portcullis'
const PASSWORD = 'of-the-tests'

/** The folder of the newest server that Debian, Homebrew or the path have; undefined where there is none. */
export function findPostgres(): string | undefined {
  const folders = [
    ...versionsIn('/usr/lib/postgresql'),
    ...versionsIn('/opt/homebrew/opt'),
    ...(process.env['PATH'] ?? '').split(':'),
  ]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

function versionsIn(root: string): string[] {
  if (!existsSync(root)) return []
  const versions = readdirSync(root).filter((name) => /^(postgresql@)?\d+$/.test(name))
  const number = (name: string) => Number(/\d+$/.exec(name))
  return versions.toSorted((one, other) => number(other) - number(one)).map((name) => join(root, name, 'bin'))
}

/** `settings` of the server beyond what tests need, such as `shared_buffers=512MB` for a measurement. */
export async function startPostgres(binaries: string, settings: readonly string[] = []): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-pg-'))
  const data = join(folder, 'data')
  const owner = whoRuns()
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
  // Where root runs the tests, the socket is root's to reach and the folder is not root's.
  chmodSync(folder, 0o700)
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, PASSWORD)
  chmodSync(passwordFile, 0o644)
  execFileSync(join(binaries, 'initdb'), [...INITDB, '-D', data, '--pwfile', passwordFile], {
    ...owner,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const address = { folder, port: await findFreePort() }
  let server: ChildProcess | undefined
  await start()
  return {
    address,
    start,
    stop,
    async clear() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }

  async function start(): Promise<void> {
    const options = [...UNSAFE, ...settings, `port=${address.port}`, `unix_socket_directories=${folder}`]
    const command = [join(binaries, 'postgres'), '-D', data, ...options.flatMap((option) => ['-c', option])]
    server = spawn('sh', ['-c', UNTIL_LEFT_ALONE, 'sh', ...command], {
      ...owner,
      cwd: folder,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    await seeReady(server)
  }

  async function stop(): Promise<void> {
    const running = server
    server = undefined
    if (running === undefined) return
    const gone = new Promise((resolve) => running.once('exit', resolve))
    running.stdin?.end()
    await gone
  }
}

/** English sorts `_` before letters and ignores case: a query that leaves the order of text to the server is found out. */
const INITDB = ['-U', USER, '--auth-local=trust', '--auth-host=scram-sha-256', '-E', 'UTF8', '--no-sync'].concat([
  '--locale=C',
  '--locale-provider=icu',
  '--icu-locale=en-US',
])

const UNSAFE = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'listen_addresses=127.0.0.1',
  'max_connections=200',
  'log_min_messages=warning',
]

/** The server ends with its standard input, and so with whoever has started it, however that one ends. */
const UNTIL_LEFT_ALONE = 'exec 3<&0; "$@" <&- & server=$!; cat <&3 >/dev/null; kill -INT $server; wait $server'

/** PostgreSQL refuses to run as root. */
function whoRuns(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'nobody']).toString())
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** It says so in its log; what it says before that it cannot start is for whoever reads the failure. */
function seeReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000)
      if (said.includes('database system is ready to accept connections')) resolve()
    })
    server.once('exit', (code) => reject(new Error(`PostgreSQL did not start (${code}):\n${said}`)))
  })
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/**
 * Makes a database and returns its URL: an empty one, or an equal one of another that nobody is connected to; `options` in
 * the words of `create database`.
 */
export async function createDatabase(
  at: PostgresAddress,
  name: string,
  template = 'template0',
  options = '',
): Promise<string> {
  await command(at, `create database "${name}" template "${template}" ${options}`)
  return `postgres:///${name}?host=${encodeURIComponent(at.folder)}&port=${at.port}&user=${USER}`
}

export async function dropDatabase(at: PostgresAddress, name: string): Promise<void> {
  await command(at, `drop database if exists "${name}" with (force)`)
}

/** The way to a database on which a password is asked for. */
export function networkUrl({ port }: PostgresAddress, name: string, password = PASSWORD): string {
  return `postgres://${USER}:${password}@127.0.0.1:${port}/${name}`
}

async function command({ folder, port }: PostgresAddress, sql: string): Promise<void> {
  const client = new pg.Client({ host: folder, port, user: USER, database: 'postgres' })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, chownSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectPostgres } from '../../src/store/postgres.ts'
import {
  createDatabase,
  findPostgres,
  networkUrl,
  startPostgres,
  type PostgresServer,
} from '../../src/testing/postgres.ts'

const binaries = findPostgres()
const hasOpenssl = spawnSync('openssl', ['version']).status === 0

describe.skipIf(binaries === undefined || !hasOpenssl)('PostgreSQL over TLS', () => {
  let server: PostgresServer
  let certificate: string

  beforeAll(async () => {
    server = await startPostgres(binaries!)
    await createDatabase(server.address, 'portcullis')
    await server.stop()
    certificate = certify(server.address.folder, 'localhost')
    await server.start()
  })

  afterAll(() => server.clear())

  /** By name, because that is what certificates are for. */
  function url(options: string): string {
    return `${networkUrl(server.address, 'portcullis').replace('127.0.0.1', 'localhost')}?${options}`
  }

  async function connect(options: string): Promise<string> {
    const pool = await connectPostgres(url(options))
    const connection = await pool.acquire()
    const { rows } = await connection.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
    pool.release(connection)
    await pool.close()
    return rows[0]?.['ssl'] === 1 ? 'with TLS' : 'in the clear'
  }

  test.each(['verify-full', 'verify-ca', 'require', 'prefer'])('sslmode=%s trusts a known authority', async (mode) => {
    expect(await connect(`sslmode=${mode}&sslrootcert=${certificate}`)).toBe('with TLS')
  })

  test.each(['verify-full', 'verify-ca', 'require', 'prefer'])('sslmode=%s trusts nobody else', async (mode) => {
    await expect(connect(`sslmode=${mode}`)).rejects.toThrow(/self-signed certificate/)
  })

  test('whoever asks for no check gets none, and whoever asks for nothing speaks in the clear', async () => {
    expect(await connect('sslmode=no-verify')).toBe('with TLS')
    expect(await connect('sslmode=disable')).toBe('in the clear')
    expect(await connect('')).toBe('in the clear')
  })

  test('a certificate for another host is refused', async () => {
    await server.stop()
    certificate = certify(server.address.folder, 'elsewhere.example')
    await server.start()
    await expect(connect(`sslmode=require&sslrootcert=${certificate}`)).rejects.toThrow(/localhost.*elsewhere\.example/)
    expect(await connect('sslmode=no-verify')).toBe('with TLS')
  })
})

/** Gives the server a certificate that it has signed itself, and returns its path. */
function certify(folder: string, host: string): string {
  const [key, certificate] = [join(folder, 'server.key'), join(folder, 'server.crt')]
  const name = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`]
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...name, '-keyout', key, '-out', certificate],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const { uid, gid } = statSync(folder)
  for (const file of [key, certificate]) chownSync(file, uid, gid)
  appendFileSync(
    join(folder, 'data', 'postgresql.auto.conf'),
    `ssl = on\nssl_key_file = '${key}'\nssl_cert_file = '${certificate}'\n`,
  )
  return certificate
}

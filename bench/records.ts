import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { ORGANISATION_SCOPES } from '../src/contract/scopes.ts'
import { systemClock } from '../src/core/clock.ts'
import { newId } from '../src/core/ids.ts'
import { createKeyMaker } from '../src/credentials/api-key.ts'
import { openMasterKey } from '../src/credentials/master-key.ts'
import { openStore } from '../src/store/database.ts'
import { insertKey } from '../src/store/keys.ts'
import { findOrganisation } from '../src/store/organisations.ts'
import { startGateway, type Measured } from './process.ts'
import { listQuestions, type Question } from './records-questions.ts'

/*
 * What questions about records cost: asked of a gateway over HTTP, one at a time, as a console does.
 *
 *   npm run bench -- --only records                    of a small company that is made for it
 *   npm run bench -- --only records --data /tmp/company  of one that `npm run seed` has made; it gets a key for this
 *   … --database-url postgres://…                      that is in PostgreSQL
 */
export interface RecordsOptions {
  readonly data: string | undefined
  readonly databaseUrl: string | undefined
}

/** Wall time is of the quickest, because the machine has other things to do. */
const ROUNDS = 7

const HEADER = `| Question | Wall ms (best of ${ROUNDS}) | CPU ms | Of it, main thread | Promise, ms |
| --- | ---: | ---: | ---: | ---: |`

export async function measureRecords({ data, databaseUrl }: RecordsOptions): Promise<void> {
  const folder = data ?? makeSmallCompany(databaseUrl)
  try {
    const key = await makeKey(folder, databaseUrl)
    const gateway = await startGateway({
      PORTCULLIS_DATA: folder,
      PORTCULLIS_LOG_LEVEL: 'warn',
      ...(databaseUrl !== undefined && { PORTCULLIS_DATABASE_URL: databaseUrl }),
    })
    try {
      const ask = (path: string) => askAs(gateway, key, path)
      console.log(HEADER)
      for (const question of await listQuestions(ask)) console.log(await measure(gateway, ask, question))
    } finally {
      await gateway.stop()
    }
  } finally {
    if (data === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(gateway: Measured, ask: Ask, { name, path, promiseMs }: Question): Promise<string> {
  await ask(path)
  const [cpu, main] = [gateway.cpuMs(), await gateway.mainThreadMs()]
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    await ask(path)
    best = Math.min(best, performance.now() - began)
  }
  const ofMain = ((await gateway.mainThreadMs()) - main) / ROUNDS
  const ofAll = (gateway.cpuMs() - cpu) / ROUNDS
  const cells = [name, best.toFixed(0), ofAll.toFixed(0), ofMain.toFixed(1), `< ${promiseMs}`]
  return `| ${cells.join(' | ')} |`
}

type Ask = (path: string) => Promise<unknown>

async function askAs({ origin }: Measured, key: string, path: string): Promise<unknown> {
  const response = await fetch(`${origin}${path}`, {
    headers: { 'x-portkey-api-key': key, 'x-portcullis-reason': 'a measurement' },
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}

function makeSmallCompany(databaseUrl: string | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
  const size = ['--requests', '50000', '--days', '90', '--developers', '50', '--workspaces', '8']
  const place = databaseUrl === undefined ? [] : ['--database-url', databaseUrl]
  const seed = fileURLToPath(new URL('../scripts/seed.ts', import.meta.url))
  execFileSync(process.execPath, [seed, '--data', folder, '--sessions-with-bodies', '10', ...size, ...place], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return folder
}

/** A key that may ask everything, also what others said. Nobody remembers those of the seed. */
async function makeKey(folder: string, databaseUrl: string | undefined): Promise<string> {
  const store = await openStore(
    databaseUrl === undefined ? { file: join(folder, 'portcullis.db') } : { url: databaseUrl },
  )
  try {
    const { pepper } = openMasterKey({ value: undefined, file: join(folder, 'master.key') })
    const { secret, hash, masked } = createKeyMaker(pepper).make('organisation-service')
    const organisation = await findOrganisation(store.db)
    if (organisation === undefined) throw new Error(`There is no company in ${folder}.`)
    const now = systemClock.now()
    await insertKey(store.db, {
      id: newId(now),
      organisationId: organisation.id,
      workspaceId: undefined,
      userId: undefined,
      kind: 'organisation-service',
      name: 'Benchmark',
      description: 'Made by a measurement.',
      hash,
      masked,
      scopes: [...ORGANISATION_SCOPES],
      defaults: { provider: undefined, metadata: {}, allowConfigOverride: null },
      expiresAt: undefined,
      revokedAt: undefined,
      createdAt: now,
      updatedAt: now,
    })
    return secret
  } finally {
    await store.close()
  }
}

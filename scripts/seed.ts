import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DEFAULT_WORKSPACE_SCOPES, ORGANISATION_SCOPES } from '../src/contract/scopes.ts'
import { systemClock } from '../src/core/clock.ts'
import { createKeyMaker } from '../src/credentials/api-key.ts'
import { openMasterKey } from '../src/credentials/master-key.ts'
import { openStore, type Store } from '../src/store/database.ts'
import { prepareFirstStart } from '../src/store/first-start.ts'
import { findOrganisation, updateOrganisation } from '../src/store/organisations.ts'
import { buildStep } from '../src/store/rollups/build.ts'
import { changeZone } from '../src/store/rollups/change-zone.ts'
import { drawCompany } from './seed/company.ts'
import { createDraw } from './seed/draw.ts'
import { enterCompany } from './seed/enter-company.ts'
import { fill, fillFeedback } from './seed/fill.ts'
import { fillSessions } from './seed/sessions-with-bodies.ts'

/*
 * Fills a data folder with a company that has worked with Claude Code for months, to try things out and to measure them:
 *
 *   npm run seed -- --data /tmp/company
 *
 *   --requests 2000000          over
 *   --days 90                   that end today, by
 *   --developers 200            in
 *   --workspaces 20
 *   --sessions-with-bodies 50   sessions with everything that was sent and answered; the others have no content
 *   --database-url postgres://… the store, in place of a file in the data folder
 *   --seed 1                    another company; the same number makes the same one
 *   --into-existing             also where there are requests already
 */
const OPTIONS = {
  requests: { type: 'string', default: '2000000' },
  days: { type: 'string', default: '90' },
  developers: { type: 'string', default: '200' },
  workspaces: { type: 'string', default: '20' },
  'sessions-with-bodies': { type: 'string', default: '50' },
  data: { type: 'string' },
  'database-url': { type: 'string' },
  seed: { type: 'string', default: '1' },
  'into-existing': { type: 'boolean', default: false },
} as const

const values = readArguments()

const DAY_MS = 24 * 60 * 60 * 1_000
const ZONE = 'Europe/Berlin'

/** Content is kept for thirty days, so that there is none of older sessions. */
const CONTENT_DAYS = 25

try {
  await seed()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exit(2)
  }
}

async function seed(): Promise<void> {
  const [requests, days, developers, workspaces, sessions, number] = [
    readCount('requests'),
    readCount('days'),
    readCount('developers'),
    readCount('workspaces'),
    readCount('sessions-with-bodies'),
    readCount('seed'),
  ]
  const { data, 'database-url': databaseUrl } = values
  if (data === undefined) throw new Error('Name the data folder: --data <folder>. It is made when missing.')
  const masterKey = openMasterKey({ value: undefined, file: join(data, 'master.key') })
  const store = await openStore(
    databaseUrl === undefined ? { file: join(data, 'portcullis.db') } : { url: databaseUrl },
  )
  try {
    await refuseRealRequests(store)
    const keys = createKeyMaker(masterKey.pepper)
    const secrets = await prepareFirstStart({
      store,
      keys,
      clock: systemClock,
      presetAdminKey: undefined,
      administratorScopes: ORGANISATION_SCOPES,
      developerScopes: DEFAULT_WORKSPACE_SCOPES,
    })
    if (secrets !== undefined) console.log(`administrator's key: ${secrets.administratorKey ?? ''}`)
    const organisation = (await findOrganisation(store.db))!
    if (secrets !== undefined) {
      await updateOrganisation(store.db, organisation.id, {
        name: 'Example company',
        settings: { timeZone: ZONE, records: { searchable: true } },
      })
      await changeZone(store.db, ZONE)
      while (await buildStep(store.db)) continue
    }
    const draw = createDraw(number)
    const today = Math.floor(systemClock.now() / DAY_MS) * DAY_MS
    const first = today - days * DAY_MS
    const company = drawCompany(draw, { teams: workspaces, developers, organisationId: organisation.id, since: first })
    await enterCompany(company, { db: store.db, keys, draw, at: first })

    const began = systemClock.monotonic()
    const seconds = () => Math.round((systemClock.monotonic() - began) / 1_000)
    await fill(store, draw, company, { first, days, requests }, (written) => {
      if (written % 100_000 < 5_000) console.log(`${written.toLocaleString('en')} requests, ${seconds()} s`)
    })
    await fillFeedback(store, draw, organisation.id)
    console.log(`${requests.toLocaleString('en')} requests in ${seconds()} s`)
    if (sessions > 0) {
      const { rawBytes, storedBytes } = await fillSessions(store, draw, company, {
        count: sessions,
        from: today - Math.min(days, CONTENT_DAYS) * DAY_MS,
        until: today - DAY_MS / 24,
        place: databaseUrl === undefined ? { folder: join(data, 'bodies') } : { databaseUrl },
        sealing: masterKey.content,
      })
      const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
      console.log(`${sessions} sessions with bodies: ${megabytes(rawBytes)}, kept in ${megabytes(storedBytes)}`)
    }
  } finally {
    await store.close()
  }
}

async function refuseRealRequests(store: Store): Promise<void> {
  if (values['into-existing']) return
  const one = await store.db.selectFrom('exchanges').select('id').limit(1).executeTakeFirst()
  if (one === undefined) return
  throw new Error('There are requests in this store already. Say --into-existing to have more beside them.')
}

function readCount(name: 'requests' | 'days' | 'developers' | 'workspaces' | 'sessions-with-bodies' | 'seed'): number {
  const count = Number(values[name])
  const least = name === 'sessions-with-bodies' || name === 'seed' ? 0 : 1
  if (Number.isSafeInteger(count) && count >= least) return count
  throw new Error(`--${name} is a whole number from ${least} on; this is ${values[name]}.`)
}

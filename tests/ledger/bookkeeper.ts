import fs from 'node:fs'
import path from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { asId } from '../../src/core/ids.ts'
import { openBooks } from '../../src/records/books.ts'
import { openStore, type StoreOptions } from '../../src/store/database.ts'
import { keepRollUps } from '../../src/store/rollups/keep-roll-ups.ts'
import { sampleClosing, sampleOpening, sampleRecord } from '../../src/testing/sample-calls.ts'

/*
 * A process to be killed: brings in what the last one left, then opens and closes calls as fast as it can. Every third call
 * stays open for the next sixty, as streams do.
 *
 * What it was told is safe it writes into a file at once, one line per fact: `o<n>` after the opening of call n, `c<n>`
 * after its end, `r<n>` after its record. Its output is for the parent to choose a moment by: a line when it begins to
 * recover, and one for every twenty calls.
 */
const [folder, life, place] = process.argv.slice(2) as [string, string, string]
const facts = fs.openSync(path.join(folder, `facts-${life}`), 'a')

const store = await openStore(JSON.parse(place) as StoreOptions)
process.stdout.write('recovering\n')
// In its first life it builds the sums of what comes in at the same time.
keepRollUps({ db: store.db, clock: systemClock, zone: () => 'Asia/Kolkata', report: console.error })
const books = await openBooks({
  folder: path.join(folder, 'journal'),
  sink: store,
  clock: systemClock,
  log: { info() {}, warn: console.error, error: console.error },
  // Small enough that files are finished and removed all the time.
  fileBytesMax: 64 * 1024,
})

for (let number = 0; ; number++) {
  const late = number - 60
  open(number)
  if (number % 3 !== 0) close(number)
  if (late >= 0 && late % 3 === 0) close(late)
  if (number % 20 !== 0) continue
  process.stdout.write('20 more\n')
  // The drain and the store's thread want their turn.
  await new Promise(setImmediate)
}

function open(number: number): void {
  books.ledger.open(sampleOpening(nameOf(number)))
  tell(`o${number}`)
}

function close(number: number): void {
  const id = nameOf(number)
  books.ledger.close(asId(id), sampleClosing({ costNanos: BigInt(1_000_000 + number) }))
  tell(`c${number}`)
  books.recorder.record(sampleRecord(`req_${id}`))
  tell(`r${number}`)
}

function nameOf(number: number): string {
  return `call_${life}_${number}`
}

function tell(fact: string): void {
  fs.writeSync(facts, `${fact}\n`)
}

import path from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { asId } from '../../src/core/ids.ts'
import { openBooks } from '../../src/records/books.ts'
import { openStore } from '../../src/store/database.ts'
import { sampleClosing, sampleOpening, sampleRecord } from '../../src/testing/sample-calls.ts'

/*
 * A process to be killed: brings in what the last one left, then opens and closes calls as fast as it can. Prints
 * `recovering`, then `ready`, then, one line per fact and synchronously, what it was told is safe: `o<n>` after the opening
 * of call n, `c<n>` after its end, `r<n>` after its record. Every third call stays open for the next sixty, as streams do.
 */
const [folder, life] = process.argv.slice(2) as [string, string]

const store = await openStore({ file: path.join(folder, 'portcullis.db') })
process.stdout.write('recovering\n')
const books = await openBooks({
  folder: path.join(folder, 'journal'),
  sink: store,
  clock: systemClock,
  log: { info() {}, warn: console.error, error: console.error },
  // Small enough that files are finished and removed all the time.
  fileBytesMax: 64 * 1024,
})
process.stdout.write('ready\n')

for (let number = 0; ; number++) {
  const late = number - 60
  open(number)
  if (number % 3 !== 0) close(number)
  if (late >= 0 && late % 3 === 0) close(late)
  // The drain, the store's thread and the pipe to the parent want their turn.
  if (number % 20 === 0) await new Promise(setImmediate)
}

function open(number: number): void {
  books.ledger.open(sampleOpening(nameOf(number)))
  process.stdout.write(`o${number}\n`)
}

function close(number: number): void {
  const id = nameOf(number)
  books.ledger.close(asId(id), sampleClosing({ costNanos: BigInt(1_000_000 + number) }))
  process.stdout.write(`c${number}\n`)
  books.recorder.record(sampleRecord(`req_${id}`))
  process.stdout.write(`r${number}\n`)
}

function nameOf(number: number): string {
  return `call_${life}_${number}`
}

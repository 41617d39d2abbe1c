import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import type { BodyReference } from '../../src/records/bodies/body-reader.ts'
import { createTranscripts } from '../../src/records/bodies/create-transcripts.ts'
import { openStore } from '../../src/store/database.ts'
import { hand } from './hand.ts'

/* Keeps more than its files may hold, and prints what became of each exchange and what was counted. */

const [folder = ''] = process.argv.slice(2)
const store = await openStore({ file: join(folder, 'portcullis.db') })
const log = { warn() {}, error() {} }
const place = { folder: join(folder, 'bodies') }
const bodies = await createTranscripts({ clock: systemClock, log, store, sealing: Buffer.alloc(32, 7), place })
const references: BodyReference[] = []
// The small ones fill what the large ones leave.
for (let turn = 0; turn < 64; turn++) {
  const size = 300_000 / 10 ** Math.floor(turn / 16)
  references.push(hand(bodies, { id: `req_${turn}`, request: randomBytes(size) }))
  await bodies.flush()
}
const states: string[] = []
for (const reference of references) states.push((await bodies.read(reference, 'client_request')).state)
process.stdout.write(JSON.stringify({ states, stats: bodies.stats() }))
await bodies.close()
await store.close()

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { createTranscripts } from '../../src/records/bodies/create-transcripts.ts'
import { openStore } from '../../src/store/database.ts'
import { sessionRequests } from '../../src/testing/claude-code-session.ts'
import { ENVELOPE } from './envelope.ts'

/*
 * Keeps sessions until it is killed. It tells of each exchange when it has handed it over, and again, now and then, of
 * those that were written for certain.
 */

const [folder = '', life = ''] = process.argv.slice(2)
const store = await openStore({ file: join(folder, 'portcullis.db') })
const log = { warn: console.error, error: console.error }
const place = { folder: join(folder, 'bodies') }
const bodies = await createTranscripts({ clock: systemClock, log, store, sealing: Buffer.alloc(32, 7), place })
const requests = sessionRequests({ turns: 30, lastBytes: 300_000 })

for (let turn = 0; ; turn++) {
  const handed: string[] = []
  for (let count = 0; count < 4; count++) {
    const { body, answer } = requests[(turn * 4 + count) % requests.length]!
    const exchangeId = `req_${life}_${turn}_${count}`
    const transcript = bodies.begin({
      exchangeId,
      endpoint: 'messages',
      workspaceId: 'ws_a',
      scope: `ses_${turn % 2}`,
      agentId: undefined,
      receivedAt: 0,
      rules: { content: 'full', contentDays: 30, masking: [], searchable: turn % 2 === 0 },
      request: body,
    })
    transcript.response(answer)
    transcript.end(ENVELOPE)
    handed.push(exchangeId)
    process.stdout.write(`handed ${exchangeId} ${createHash('sha256').update(body).digest('hex')}\n`)
  }
  // Every other time it goes on at once, so that a crash meets work that waits.
  if (turn % 2 === 0) continue
  await bodies.flush()
  for (const id of handed) process.stdout.write(`kept ${id}\n`)
}

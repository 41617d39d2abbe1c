import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../../src/testing/gateway.ts'
import { sendJson } from '../../src/testing/http.ts'
import { createGatewayProcess, type GatewayProcess } from './gateway-process.ts'

/*
 * The whole gateway as a process of its own, under load, killed at random moments and started again. Every request names a
 * model of its own, so that what the provider saw, what the client got and what stands in the ledger can be held together.
 */

/** How many times to kill; KILL_ROUNDS asks for more than the normal run has time for. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 6)
const CLIENTS = 8

let folder: string
let gateway: TestGateway
let child: GatewayProcess

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gateway-kill-'))
  gateway = await startGateway({
    settings: { PORTCULLIS_DATA: folder },
    upstream: { playAs: ({ model }) => (isSlow(numberOf(model)) ? 'sandbox-slow' : undefined) },
  })
  child = createGatewayProcess({ folder, trustedHost: new URL(gateway.upstream.origin).host })
  // It has furnished the folder; from here on the processes have it.
  await gateway.drain(0)
})

afterEach(async () => {
  await child.kill()
  await gateway.stop()
  fs.rmSync(folder, { recursive: true })
})

test(
  'a gateway killed under load has every call that the provider saw in its ledger once, and whole answers at their real cost',
  async () => {
    /** Requests whose answer the client got to its last event. */
    const whole = new Set<string>()
    let next = 0

    for (let round = 0; round < ROUNDS; round++) {
      const url = await child.start()
      const seenMax = gateway.upstream.requests.length + 40 + Math.floor(Math.random() * 360)
      let isAlive = true
      const running: Promise<void>[] = []
      const ask = async (): Promise<void> => {
        const model = modelOf(next++)
        const { answer } = sendJson(`${url}/v1/messages`, bodyFor(model), ['x-api-key', gateway.key])
        const got = await answer.catch(() => undefined)
        if (got?.whole === true && got.body.includes('event: message_stop')) whole.add(model)
        else if (isAlive) throw new Error(`${model} was answered with ${got?.status}: ${got?.body.toString()}`)
      }
      const clients = Array.from({ length: CLIENTS }, async () => {
        while (isAlive) {
          if (isSlow(next)) running.push(ask())
          else await ask()
        }
      })
      await gateway.upstream.arrived(seenMax)
      isAlive = false
      await child.kill()
      await Promise.all([...clients, ...running])

      await child.start()
      await checkLedger(whole, round + 1)
      await child.kill()
    }
  },
  30_000 + ROUNDS * 10_000,
)

async function checkLedger(whole: ReadonlySet<string>, kills: number): Promise<void> {
  // Bytes that were on their way when the gateway died still arrive.
  await new Promise(setImmediate)
  const db = new DatabaseSync(path.join(folder, 'portcullis.db'), { readOnly: true })
  try {
    expect(db.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    const rows = db
      .prepare(
        `select model, outcome, interrupted_by, estimated, input_tokens, output_tokens, cache_read_tokens,
           (select count(*) from exchanges where exchanges.id = exchange_id) as records
         from ledger_calls`,
      )
      .all()
    const byModel = new Map(rows.map((row) => [row['model'] as string, row]))
    expect(byModel.size, 'no call stands in the ledger twice').toBe(rows.length)

    const seen = new Map(gateway.upstream.requests.map((request) => [request.ask!.model, request]))
    expect(seen.size, 'no request went out twice').toBe(gateway.upstream.requests.length)
    expect(
      [...seen.keys()].filter((model) => !byModel.has(model)),
      'calls missing in the ledger',
    ).toEqual([])
    // A call is entered just before its bytes leave; only there can a kill leave an entry without a call.
    const unseen = rows.filter((row) => !seen.has(row['model'] as string))
    expect(unseen.length).toBeLessThanOrEqual(kills)
    for (const row of unseen) expect(row).toMatchObject({ interrupted_by: 'crash' })

    expect(
      rows.filter((row) => row['records'] !== 1),
      'calls whose exchange has no record',
    ).toEqual([])
    for (const model of whole) {
      const { billed } = seen.get(model)!
      expect(byModel.get(model)).toMatchObject({
        outcome: 'completed',
        estimated: 0,
        input_tokens: billed.input,
        output_tokens: billed.output,
        cache_read_tokens: billed.cacheRead,
      })
    }
    const crashed = rows.filter((row) => row['interrupted_by'] === 'crash')
    expect(crashed.length, 'streams that the kills cut').toBeGreaterThan(kills)
    for (const row of crashed) expect(row).toMatchObject({ outcome: 'interrupted', estimated: 1 })
  } finally {
    db.close()
  }
}

function bodyFor(model: string): object {
  return {
    model,
    max_tokens: 300,
    stream: true,
    messages: [{ role: 'user', content: `Say something about ${model}.` }],
  }
}

function modelOf(number: number): string {
  return `claude-kill-${number}`
}

function numberOf(model: string): number {
  return Number(model.slice('claude-kill-'.length))
}

/** Every tenth answer takes ten seconds, so that a kill always finds streams to cut. */
function isSlow(number: number): boolean {
  return number % 10 === 0
}

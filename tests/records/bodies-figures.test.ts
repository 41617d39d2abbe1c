import { expect, test } from 'vitest'
import type { Worker } from 'node:worker_threads'
import { sessionRequests } from '../../src/testing/claude-code-session.ts'
import { hand } from './hand.ts'
import { libraries } from './keep-bodies.ts'

/** Sessions of 60 turns; KEEP_SESSIONS asks for more, for figures that are steady. */
const SESSIONS = Number(process.env['KEEP_SESSIONS'] ?? 2)

test.each(libraries)(
  'on $name sixty turns take at most 1.5 % of their bytes, and each is read back',
  async ({ name, open }) => {
    const threads: Worker[] = []
    const note = (thread: Worker) => threads.push(thread)
    process.on('worker', note)
    const library = await open()
    process.off('worker', note)
    const keeper = threads.at(-1)!
    try {
      const { bodies } = library
      const reads: number[] = []
      const writes: number[] = []
      const hands: number[] = []
      for (let seed = 1; seed <= SESSIONS; seed++) {
        const requests = sessionRequests({ seed })
        const before = await keeper.cpuUsage()
        const beforeMain = process.threadCpuUsage()
        const references = requests.map(({ body, answer, sessionId }, turn) =>
          hand(bodies, { id: `req_${seed}_${turn}`, request: body, response: answer, scope: sessionId }),
        )
        hands.push(millisecondsOf(process.threadCpuUsage(beforeMain)) / requests.length)
        await bodies.flush()
        writes.push(millisecondsOf(await keeper.cpuUsage(before)) / requests.length)
        for (const [turn, { body }] of requests.entries()) {
          const begun = performance.now()
          const read = await bodies.read(references[turn]!, 'client_request')
          reads.push(performance.now() - begun)
          expect(read.state === 'readable' && read.content.equals(body)).toBe(true)
        }
      }
      const { rawBytes, storedBytes, lost } = bodies.stats()
      console.log(
        `${name}: ${((100 * storedBytes) / rawBytes).toFixed(2)} % of ${Math.round(rawBytes / 1e6)} MB kept; ` +
          `${middle(writes).toFixed(2)} ms of CPU per exchange in the thread, ${middle(hands).toFixed(2)} outside; ` +
          `a turn is read in ${middle(reads).toFixed(1)} ms, one of a hundred in more than ${high(reads).toFixed(1)}`,
      )
      expect(lost).toBe(0)
      expect(storedBytes).toBeLessThanOrEqual(rawBytes * 0.015)
    } finally {
      await library.close()
    }
  },
  60_000 + SESSIONS * 20_000,
)

function millisecondsOf({ user, system }: { readonly user: number; readonly system: number }): number {
  return (user + system) / 1000
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function high(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)]!
}

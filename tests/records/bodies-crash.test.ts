import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { expect, test, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { createTranscripts } from '../../src/records/bodies/create-transcripts.ts'
import { openStore } from '../../src/store/database.ts'
import { begin, hand, referenceOf } from './hand.ts'
import { libraries } from './keep-bodies.ts'
import { ENVELOPE } from './envelope.ts'

/** How many times to kill; KILL_ROUNDS asks for more than the normal run has time for. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 4)
const WRITER = fileURLToPath(new URL('body-writer.ts', import.meta.url))
const FULL_DISK_WRITER = fileURLToPath(new URL('full-disk-writer.ts', import.meta.url))
const SHELF = '30d-20261123'

test(
  'of a process that is killed at any moment, what was acknowledged is whole, and the rest is whole or lost, never broken',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-kill-bodies-'))
    const acknowledged = new Map<string, string>()
    const handed = new Map<string, string>()
    let readable = 0
    let lost = 0
    for (let life = 0; life < ROUNDS; life++) {
      for (const fact of await liveAndDie(folder, `${life}`, 5 + Math.floor(Math.random() * 60))) {
        const [kind, id, hash] = fact.split(' ') as [string, string, string]
        if (kind === 'handed') handed.set(id, hash)
        else acknowledged.set(id, handed.get(id)!)
      }
    }
    const store = await openStore({ file: join(folder, 'portcullis.db') })
    const place = { folder: join(folder, 'bodies') }
    const log = { warn() {}, error() {} }
    const bodies = await createTranscripts({ clock: systemClock, log, store, sealing: Buffer.alloc(32, 7), place })
    const shelf = readdirSync(place.folder)
      .find((name) => name.endsWith('.db'))!
      .slice(0, -'.db'.length)
    try {
      for (const [exchangeId, hash] of handed) {
        const reference = { exchangeId, workspaceId: 'ws_a', state: 'full', shelf } as const
        const read = await bodies.read(reference, 'client_request')
        if (read.state === 'readable') readable += 1
        else lost += 1
        const state = read.state === 'readable' ? createHash('sha256').update(read.content).digest('hex') : read.state
        expect([exchangeId, state]).toEqual([
          exchangeId,
          acknowledged.has(exchangeId) || state !== 'lost' ? hash : 'lost',
        ])
        const listed = await bodies.list(reference)
        expect(['readable', 'lost']).toContain(listed.state)
      }
    } finally {
      await bodies.close()
      await store.close()
      rmSync(folder, { recursive: true })
    }
    // A run that never met a crash in the middle of something would have proved little.
    expect(acknowledged.size).toBeGreaterThan(ROUNDS)
    expect(readable).toBeGreaterThanOrEqual(acknowledged.size)
    if (ROUNDS >= 50) expect(lost).toBeGreaterThan(0)
  },
  60_000 + ROUNDS * 20_000,
)

/** Runs the writer, kills it as soon as it has printed so many lines, and returns them. */
async function liveAndDie(folder: string, life: string, linesWanted: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, folder, life], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  let output = ''
  child.stdout.setEncoding('latin1')
  child.stdout.on('data', (piece: string) => {
    output += piece
    if (output.split('\n').length > linesWanted) child.kill('SIGKILL')
  })
  await once(child, 'close')
  expect(child.signalCode).toBe('SIGKILL')
  return output.split('\n').slice(0, -1)
}

test.each(libraries)(
  'on $name another thread takes the place of one that died, and what was written is there',
  async ({ open }) => {
    const threads: Worker[] = []
    const note = (thread: Worker) => threads.push(thread)
    process.on('worker', note)
    const library = await open()
    try {
      const { bodies, clock } = library
      const before = hand(bodies, { id: 'req_1', request: Buffer.from('before') })
      await bodies.flush()
      const handed = { id: 'req_2', request: Buffer.from('in the middle') }
      const running = begin(bodies, handed)
      const streaming = begin(bodies, { id: 'req_5', request: Buffer.from('streams on') })
      streaming.response(Buffer.alloc(20_000))
      await bodies.flush()
      await threads.at(-1)!.terminate()
      await vi.waitFor(() => expect(bodies.stats().lastError).toBeDefined())
      expect(begin(bodies, { id: 'req_3', request: Buffer.from('without a thread') }).state).toBe('dropped')
      running.response(Buffer.from('goes nowhere'))
      running.end(ENVELOPE)
      clock.advance(1_000)
      await vi.waitFor(async () => expect((await bodies.read(before, 'client_request')).state).toBe('readable'), 10_000)
      expect((await bodies.read(referenceOf(handed, running), 'client_request')).state).toBe('readable')
      expect(await bodies.read(referenceOf(handed, running), 'response')).toEqual({ state: 'lost' })
      // An answer of which the other thread had the beginning, and what stood around it.
      expect(bodies.stats().lost).toBe(0)
      streaming.response(Buffer.from('the rest'))
      streaming.end(ENVELOPE)
      expect(bodies.stats().lost).toBe(2)
      const after = hand(bodies, { id: 'req_4', request: Buffer.from('after') })
      expect((await bodies.read(after, 'client_request')).state).toBe('readable')
    } finally {
      process.off('worker', note)
      await library.close()
    }
  },
)

/** How a disk gets full, as a command that runs the rest of its arguments on one; the folder comes last. */
const FULL_DISKS = [
  // In half kilobytes: of the five megabytes three fit into a file.
  ['whose files may not grow', `trap '' XFSZ; ulimit -f 6000; exec "$0" "$@"`, ['/bin/sh', '-c']],
  [
    'on which nothing has room any more',
    `mkdir "$2/bodies" && mount -t tmpfs -o size=3m tmpfs "$2/bodies" && exec "$0" "$@"`,
    ['unshare', '--user', '--map-root-user', '--mount', '/bin/sh', '-c'],
  ],
] as const

test.for(FULL_DISKS)('a disk %s costs what does not fit, and breaks nothing', async ([, script, shell], { skip }) => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-full-disk-'))
  const [command, ...options] = shell
  // Not every machine lets a test have a disk of its own.
  if (spawnSync(command, [...options, script, 'true', '', folder]).status !== 0) skip()
  rmSync(join(folder, 'bodies'), { recursive: true, force: true })
  const child = spawn(command, [...options, script, process.execPath, FULL_DISK_WRITER, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  })
  const output = await text(child.stdout)
  rmSync(folder, { recursive: true })
  const { states, stats } = JSON.parse(output) as { states: string[]; stats: { lost: number; queueBytes: number } }
  expect(new Set(states)).toEqual(new Set(['readable', 'lost']))
  expect(stats.lost).toBeGreaterThan(0)
  expect(stats.queueBytes).toBe(0)
})

test.each([
  ['a segment', 'update segments set sealed = randomblob(length(sealed))'],
  ['a segment that is gone', 'delete from segments'],
  ['a manifest', 'update manifests set sealed = randomblob(length(sealed))'],
  ['a chapter that is gone', 'delete from chapters'],
  ['a key', 'update chapters set wrapped_key = randomblob(length(wrapped_key))'],
  ['segments that were exchanged', 'update segments set seq = -1 - seq; update segments set seq = seq + 4'],
])('%s damaged on its shelf gives no bytes, and is told as such', async (_, damage) => {
  const library = await libraries[0]!.open()
  const reference = hand(library.bodies, { id: 'req_1', request: randomBytes(500), response: randomBytes(500) })
  hand(library.bodies, { id: 'req_2', request: randomBytes(500), response: randomBytes(500) })
  await library.bodies.flush()
  const file = new DatabaseSync(join(library.folder, 'bodies', `${SHELF}.db`))
  file.exec(damage)
  file.close()
  expect(await library.bodies.read(reference, 'client_request')).toEqual({ state: 'damaged' })
  await library.close()
})

test('the files hold nothing of what was said in the clear', async () => {
  const library = await libraries[0]!.open()
  const canary = 'the quick brown canary'
  const request = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: canary }] }))
  const reference = hand(library.bodies, { id: 'req_1', request, response: Buffer.from(canary) })
  expect((await library.bodies.read(reference, 'response')).state).toBe('readable')
  await library.bodies.flush()
  for (const name of readdirSync(join(library.folder, 'bodies'))) {
    expect(readFileSync(join(library.folder, 'bodies', name)).includes('canary'), name).toBe(false)
  }
  await library.close()
})

import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setTimeout as wait } from 'node:timers/promises'
import { requestBody } from './body.ts'
import { type AskAdmin, setTwelveLimits } from './limits.ts'
import { type Comparison, type Load, type Side, claudeCodeHeaders, compare, median } from './compare.ts'
import { load } from './load.ts'
import { type Measured, startGateway, startServer } from './process.ts'
import { measureRecords } from './records.ts'
import { measureTelemetry } from './telemetry.ts'

/*
 * Compares the gateway, with everything switched on, with a bare pipe: the same load on both in turns, in one run on one
 * machine. What counts is processor time per request; wall time says more about the machine's other work than about ours.
 *
 *   npm run bench                the table on the terminal
 *   npm run bench -- --write     also into docs/performance.md
 *   npm run bench -- --rounds 5  more rounds; the figures are their medians
 *   npm run bench -- --only 1    the first load alone, and no memory; for work on one thing
 *   npm run bench -- --only ways the ways of an answer against each other, and nothing else
 *   npm run bench -- --only limits   twelve limits against none, and nothing else
 *   npm run bench -- --only recording   content kept against not kept, and nothing else
 *   npm run bench -- --only telemetry   what a collector of OpenTelemetry costs the main thread, and nothing else
 *   npm run bench -- --only records     what questions about records take, and nothing else; records.ts says of which
 */
const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    data: { type: 'string' },
    'database-url': { type: 'string' },
  },
})

const rounds = Number(options.rounds)

interface Case extends Load {
  readonly name: string
  /** The promise: gateway over pipe at most. */
  readonly ratioMax?: number
}

const CASES: readonly Case[] = [
  {
    name: '300 KB, 300 events, 4 at a time',
    query: '?events=300',
    bodyBytes: 300_000,
    stream: true,
    requests: 1_000,
    concurrency: 4,
    ratioMax: 1.5,
  },
  {
    name: '300 KB, 300 events 3 ms apart, 16 at a time',
    query: '?events=300&paceMs=3',
    bodyBytes: 300_000,
    stream: true,
    requests: 160,
    concurrency: 16,
    ratioMax: 1.5,
  },
  {
    name: '1 KB plain, 1 at a time',
    query: '',
    bodyBytes: 1_000,
    stream: false,
    requests: 1_500,
    concurrency: 1,
    ratioMax: 2.5,
  },
  {
    name: '1 KB plain, 16 at a time',
    query: '',
    bodyBytes: 1_000,
    stream: false,
    requests: 6_000,
    concurrency: 16,
  },
]

/** A stream through the gateway, and the same one on another way through the same gateway. */
interface Way {
  readonly name: string
  readonly usual: keyof Keys
  readonly other: keyof Keys
  /** The promise: other over usual at most. */
  readonly ratioMax?: number
}

const WAYS: readonly Way[] = [
  {
    name: 'Amazon Bedrock, decoded and written again, against Anthropic',
    usual: 'anthropic',
    other: 'bedrock',
    ratioMax: 2,
  },
  // Four fifths of what a signature costs is the SHA-256 of the body, and AWS asks for that.
  { name: 'The same, and each request signed', usual: 'anthropic', other: 'signed' },
  { name: 'From the cache, against a call to Anthropic', usual: 'anthropic', other: 'cached', ratioMax: 1 },
]

/** What the ways are measured with: 300 KB up, 300 events down, 4 at a time. */
const WAY_LOAD: Load = { query: '?events=300', bodyBytes: 300_000, stream: true, requests: 1_000, concurrency: 4 }

/** What keeping content is measured with; the first is of the sizes that Claude Code sends. */
const RECORDING: readonly (Load & { readonly name: string })[] = [
  { name: '300 KB, 300 events, 4 at a time', ...WAY_LOAD },
  { name: '1 KB plain, 16 at a time', query: '', bodyBytes: 1_000, stream: false, requests: 6_000, concurrency: 16 },
]

/** What keeping content costs has a table of its own, and stays out of all others. */
const NOT_KEPT = { content: 'metadata' }

/** The promise: processor time of the main thread with everything kept over that with nothing kept, at most. */
const RECORDING_RATIO_MAX = 1.2

/** The promise: a gateway with twelve limits over one without any, at most. */
const LIMITS_RATIO_MAX = 1.15

/** A pipe and a gateway in front of the same upstream. */
interface Pair {
  readonly pipe: Measured
  readonly gateway: Measured
  readonly keys: Keys
}

/** Developers' keys, by the way their requests go. */
interface Keys {
  readonly anthropic: string
  /** At Bedrock by an API key. */
  readonly bedrock: string
  /** At Bedrock by an access key, with which every request is signed. */
  readonly signed: string
  readonly cached: string
  /** The content of its requests is kept. */
  readonly kept: string
  /** Of a person, as developers have one. */
  readonly developer: string
}

const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
const running: Measured[] = []
try {
  if (options.only === 'records') {
    await measureRecords({ data: options.data, databaseUrl: options['database-url'] })
  } else if (options.only === 'telemetry') await measureTelemetry()
  else await measureGateway()
} finally {
  for (const each of running.reverse()) await each.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function measureGateway(): Promise<void> {
  const upstream = await start(startServer('./upstream.ts'))
  const rows: string[] = []
  const pair = await startPair(upstream)
  const ways: string[] = []
  const cases = options.only === undefined ? CASES : CASES.slice(Number(options.only) - 1, Number(options.only))
  const sections = ['ways', 'limits', 'recording']
  if (!sections.includes(options.only ?? '')) for (const each of cases) rows.push(await comparePipe(each, pair))
  if (options.only === undefined || options.only === 'ways') {
    for (const each of WAYS) ways.push(await compareWays(each, pair))
  }
  if (options.only === undefined || options.only === 'limits') {
    ways.push(await compareLimits(pair, await startPair(upstream, setTwelveLimits)))
  }
  const recording: string[] = []
  if (options.only === undefined || options.only === 'recording') {
    for (const each of RECORDING) recording.push(await compareRecording(each, pair))
  }
  if (options.only === undefined) {
    const memory: string[] = []
    for (const bodyBytes of [1_000, 300_000]) memory.push(await memoryPerStream(bodyBytes, await startPair(upstream)))
    report({ rows, ways, recording, memory })
  }
}

/** `change` is done to the gateway before it serves. */
async function startPair(upstream: Measured, change?: typeof setTwelveLimits): Promise<Pair> {
  const pipe = await start(startServer('./pipe.ts', upstream.origin))
  const adminKey = randomBytes(24).toString('hex')
  const gateway = await start(
    startGateway({
      PORTCULLIS_DATA: mkdtempSync(join(folder, 'data-')),
      PORTCULLIS_ADMIN_KEY: adminKey,
      PORTCULLIS_LOG_LEVEL: 'warn',
      TRUSTED_CUSTOM_HOSTS: new URL(upstream.origin).host,
    }),
  )
  return { pipe, gateway, keys: await prepare(gateway.origin, upstream.origin, adminKey, change) }
}

async function start(starting: Promise<Measured>): Promise<Measured> {
  const started = await starting
  running.push(started)
  return started
}

/** Adds the upstream as an account at Anthropic and as one at Amazon Bedrock, and makes keys, as an administrator would. */
async function prepare(
  gateway: string,
  upstream: string,
  adminKey: string,
  change: typeof setTwelveLimits = async () => undefined,
): Promise<Keys> {
  const ask: AskAdmin = async (method, path, body) => {
    const response = await fetch(`${gateway}${path}`, {
      method,
      headers: { 'x-portkey-api-key': adminKey, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Record<string, unknown>
  }
  const post = async (path: string, body: object) => (await ask('POST', path, body)) as Record<string, string>
  const firstOf = async (path: string) => ((await ask('GET', path)) as { data: { id: string }[] }).data[0]!.id
  const workspace = await firstOf('/v1/admin/workspaces')
  const person = await firstOf('/v1/admin/users')
  await post('/v1/integrations', {
    name: 'Bench',
    slug: 'bench',
    ai_provider_id: 'anthropic',
    key: 'sk-bench',
    configurations: { custom_host: `${upstream}/v1` },
    default_provider_slug: 'bench',
  })
  const bedrock = { custom_host: upstream, aws_region: 'us-east-1' }
  await post('/v1/integrations', {
    name: 'Bench on Bedrock',
    slug: 'bench-bedrock',
    ai_provider_id: 'bedrock',
    key: 'an-api-key-of-the-benchmark',
    configurations: { ...bedrock, aws_auth_type: 'apiKey' },
    default_provider_slug: 'bench-bedrock',
  })
  await post('/v1/integrations', {
    name: 'Bench on Bedrock, signed',
    slug: 'bench-signed',
    ai_provider_id: 'bedrock',
    key: 'a-secret-access-key-of-the-benchmark',
    configurations: { ...bedrock, aws_auth_type: 'accessKey', aws_access_key_id: 'AKIDEXAMPLE' },
    default_provider_slug: 'bench-signed',
  })
  const { slug: config_id } = await post('/v1/configs', {
    name: 'cached',
    workspace_id: workspace,
    config: { provider: '@bench', cache: { mode: 'simple' } },
  })
  const makeKey = async (name: string, defaults: object, records: object = NOT_KEPT): Promise<string> => {
    const key = { name, workspace_id: workspace, scopes: ['completions.write'], defaults, records }
    return (await post('/v1/api-keys/workspace/service', key))['key']!
  }
  const developer = await post('/v1/api-keys/workspace/user', {
    name: 'developer',
    workspace_id: workspace,
    user_id: person,
    defaults: { provider: '@bench' },
    records: NOT_KEPT,
  })
  await change(ask, { workspaceId: workspace, userId: person, keyId: developer['id']!, provider: 'bench' })
  return {
    developer: developer['key']!,
    anthropic: await makeKey('bench', { provider: '@bench' }),
    bedrock: await makeKey('bedrock', { provider: '@bench-bedrock' }),
    signed: await makeKey('signed', { provider: '@bench-signed' }),
    cached: await makeKey('cached', { config_id }),
    kept: await makeKey('kept', { provider: '@bench' }, {}),
  }
}

async function comparePipe(each: Case, { pipe, gateway, keys }: Pair): Promise<string> {
  const through = (target: Measured): Side => ({ target, key: keys.anthropic })
  return row(
    each.name,
    await compare(each.name, each, { usual: through(pipe), other: through(gateway), rounds }),
    each.ratioMax,
  )
}

async function compareWays({ name, usual, other, ratioMax }: Way, { gateway, keys }: Pair): Promise<string> {
  const by = (way: keyof Keys): Side => ({ target: gateway, key: keys[way] })
  return row(name, await compare(name, WAY_LOAD, { usual: by(usual), other: by(other), rounds }), ratioMax)
}

async function compareLimits(without: Pair, limited: Pair): Promise<string> {
  const name = 'Twelve limits on five levels, against none'
  const side = ({ gateway, keys }: Pair): Side => ({ target: gateway, key: keys.developer })
  return row(
    name,
    await compare(name, WAY_LOAD, { usual: side(without), other: side(limited), rounds }),
    LIMITS_RATIO_MAX,
  )
}

/** Of the main thread, because the rest is done by another one, for which no exchange waits. */
async function compareRecording(each: Load & { readonly name: string }, { gateway, keys }: Pair): Promise<string> {
  const side = (key: string): Side => ({ target: gateway, key })
  const sides = { usual: side(keys.anthropic), other: side(keys.kept), rounds }
  const { usual: off, other: on } = await compare(each.name, each, sides)
  const figures = [off.mainUs.toFixed(0), on.mainUs.toFixed(0), (on.mainUs / off.mainUs).toFixed(2)]
  const all = [off.cpuUs.toFixed(0), on.cpuUs.toFixed(0)]
  return tableRow([
    each.name,
    ...figures,
    `≤ ${RECORDING_RATIO_MAX}`,
    ...all,
    (on.firstByteMs - off.firstByteMs).toFixed(1),
  ])
}

function row(name: string, { usual, other }: Comparison, ratioMax: number | undefined): string {
  const figures = [usual.cpuUs.toFixed(0), other.cpuUs.toFixed(0), (other.cpuUs / usual.cpuUs).toFixed(2)]
  const promise = ratioMax === undefined ? '' : `≤ ${ratioMax}`
  return tableRow([name, ...figures, promise, (other.firstByteMs - usual.firstByteMs).toFixed(1)])
}

function tableRow(cells: readonly string[]): string {
  const line = `| ${cells.join(' | ')} |`
  console.log(line)
  return line
}

/** What 200 streams that give an event every 50 ms hold, over what the process held before them. */
async function memoryPerStream(bodyBytes: number, { pipe, gateway, keys }: Pair): Promise<string> {
  const STREAMS = 200
  const perStream = async (target: Measured) => {
    const streams = async (count: number, query: string) =>
      load({
        origin: target.origin,
        path: `/v1/messages${query}`,
        headers: claudeCodeHeaders(keys.kept),
        bodies: [requestBody(bodyBytes, true)],
        requests: count,
        concurrency: count,
      })
    // Connections and whatever else stays once it has been needed.
    await streams(STREAMS, '?events=20')
    const before = await target.heldKb()
    const wave = streams(STREAMS, '?events=100&paceMs=50')
    const samples: number[] = []
    for (let at = 0; at < 3; at++) {
      await wait(1_000)
      samples.push(await target.heldKb())
    }
    const { failures } = await wave
    if (failures > 0) throw new Error(`${failures} of ${STREAMS} slow streams failed.`)
    return (median(samples) - before) / STREAMS
  }
  const of = { pipe: await perStream(pipe), gateway: await perStream(gateway) }
  const line = `| ${bodyBytes / 1000} KB | ${of.pipe.toFixed(0)} | ${of.gateway.toFixed(0)} |`
  console.log(line)
  return line
}

type Section = 'rows' | 'ways' | 'recording' | 'memory'

function report({ rows, ways, recording, memory }: Readonly<Record<Section, readonly string[]>>): void {
  const table = [
    '| Load | Pipe, CPU µs per request | Gateway, CPU µs per request | Gateway ÷ pipe | Promise | Added to first byte, ms (median) |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    '| 300 KB, 300 events, 4 at a time | Usual, CPU µs per request | Other, CPU µs per request | Other ÷ usual | Promise | Added to first byte, ms (median) |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...ways,
    '',
    '| Content not kept, and kept | Not kept, main thread’s CPU µs per request | Kept | Kept ÷ not kept | Promise | Not kept, all threads | Kept | Added to first byte, ms (median) |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...recording,
    '',
    '| 200 slow streams, request body of | Pipe, KB of memory per stream | Gateway, KB of memory per stream |',
    '| --- | ---: | ---: |',
    ...memory,
  ].join('\n')
  console.log(`\n${table}`)
  if (!options.write) return
  const file = new URL('../docs/performance.md', import.meta.url)
  writeFileSync(file, page(table) + sectionsOf(readFileSync(file, 'utf8')))
}

/** Sections of the page are measured by themselves, and stay as they are. */
function sectionsOf(written: string): string {
  const at = written.indexOf('\n## ')
  return at === -1 ? '' : written.slice(at)
}

/** What docs/performance.md says around its table. */
function page(table: string): string {
  return `# Performance

Made by \`npm run bench -- --write\` on ${new Date().toISOString().slice(0, 10)} with Node ${process.version}: the gateway against a
bare pipe ([bench/pipe.ts](../bench/pipe.ts): node:http and undici's dispatch, nothing else), the same load on both in turns, on one machine
with two cores. The gateway runs as \`npm start\` runs it, with everything switched on: keys, provider resolution, usage tap,
prices, the durable ledger and the records.

Processor time counts all threads of a process, user and system, after a warm-up; the figures are medians over the rounds. Wall time depends
on the machine and is given for orientation only.

${table}

The second table compares two ways through one gateway: what signing, translating and decoding for Amazon Bedrock cost over passing bytes
through to Anthropic, whether a cached answer is cheaper than asking again, and what twelve limits on five levels (budgets and rate limits of
organisation, workspace, person, key and provider, and two policies) cost over none.

The third table is of one gateway: requests of a key whose content is not kept against the same requests with everything kept. The
main thread serves all exchanges; its processor time is what the system counts for that thread alone. Comparing, compressing and encrypting is done
by another one, and the figure of all threads has it.

Memory is what is still held in the middle of the streams after a full collection of garbage, over what was held before them.

What the figures say:

- On Claude Code's own sizes the gateway stays within one and a half times the pipe. Looking through a 300 KB body for its
  top-level members takes about 0.1 ms, the usage tap on 300 events 0.06 ms, ledger and records 0.06 ms.
- On small requests everything the gateway does for a request weighs more, because the pipe does next to nothing. A third of
  it is the ledger and the record: two durable lines before the answer ends, and two rows in the store.
- The body of a request is let go once it is sent, so a stream of minutes holds no more memory for a large request than for a small one.
- Keeping content costs the main thread a copy of the body and, fifty times a second, one message for everything that came together. With the
  other thread idle that is 1.12 to 1.15 times as much as without; the rest of the ratio, and what is added to the first byte, is two busy
  threads, the load and the upstream on two cores.
- Two settings of V8's collector ([src/tune-gc.ts](../src/tune-gc.ts)) halve the processor time of large requests; the pipe runs without them.
`
}

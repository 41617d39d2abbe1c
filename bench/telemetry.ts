import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../src/core/clock.ts'
import { createExchangeExport } from '../src/telemetry/otel/export-exchanges.ts'
import { openExporter } from '../src/telemetry/otel/open-exporter.ts'
import { tracedExchange } from '../src/testing/traced-exchange.ts'

/** Takes everything, on a thread of its own, so that its time is not ours. */
const COLLECTOR = `
  const { createServer } = require('node:http')
  const { parentPort } = require('node:worker_threads')
  const server = createServer((request, response) => request.resume().on('end', () => response.end('{}')))
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`

const ROUNDS = 5
/** Fewer than may wait. */
const EXCHANGES = 9_000

/** What telling a collector of an exchange costs the main thread: on the way of the request, and afterwards. */
export async function measureTelemetry(): Promise<void> {
  const collector = new Worker(COLLECTOR, { eval: true })
  const [port] = (await once(collector, 'message')) as [number]
  const address = {
    endpoint: `http://127.0.0.1:${port}`,
    headers: {},
    timeoutMs: 10_000,
    metricIntervalMs: 60_000,
    resource: { 'service.name': 'bench' },
  }
  const upstream = { kind: 'anthropic', origin: 'https://api.anthropic.com' }
  const exporter = await openExporter(address, '0', () => upstream)
  const exported = createExchangeExport({ clock: systemClock, exporter, report: console.error })
  const recorder = exported.watch({ record() {} })
  console.log('| Exchanges | On the way, µs each | Afterwards, CPU µs each |\n| ---: | ---: | ---: |')
  for (let round = 0; round < ROUNDS; round++) {
    const exchanges = Array.from({ length: EXCHANGES }, (_each, at) =>
      tracedExchange({ id: `req_${(round * EXCHANGES + at).toString(16).padStart(32, 'a')}` }),
    )
    const start = performance.now()
    for (const exchange of exchanges) recorder.record(exchange)
    const onTheWay = performance.now() - start
    const before = process.threadCpuUsage()
    while (exported.numbers().exported < (round + 1) * EXCHANGES) await wait(10)
    const { user, system } = process.threadCpuUsage(before)
    const each = (micros: number) => (micros / EXCHANGES).toFixed(2)
    console.log(`| ${EXCHANGES} | ${each(onTheWay * 1_000)} | ${each(user + system)} |`)
  }
  await exported.stop()
  await collector.terminate()
}

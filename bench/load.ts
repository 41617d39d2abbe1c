import { performance } from 'node:perf_hooks'
import { Pool } from 'undici'

export interface LoadOptions {
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Sent in turns. */
  readonly bodies: readonly Buffer[]
  readonly requests: number
  /** Requests under way at the same time. */
  readonly concurrency: number
}

export interface LoadResult {
  /** Milliseconds until the first byte of the body, one per request, sorted. */
  readonly firstByteMs: readonly number[]
  readonly failures: number
}

/** Sends a fixed number of requests, so many at a time, and reads every answer to its end. Stops by itself. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const pool = new Pool(options.origin, { allowH2: false, pipelining: 1, connections: options.concurrency })
  const firstByteMs: number[] = []
  let failures = 0
  let started = 0
  const worker = async () => {
    while (started < options.requests) {
      const body = options.bodies[started++ % options.bodies.length]!
      const taken = await one(pool, options, body)
      if (taken === undefined) failures++
      else firstByteMs.push(taken)
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, worker))
  await pool.destroy()
  return { firstByteMs: firstByteMs.sort((one, other) => one - other), failures }
}

/** Resolves with the time to the first byte, or with undefined when the answer was not a whole 200. */
function one(pool: Pool, { path, headers }: LoadOptions, body: Buffer): Promise<number | undefined> {
  const begun = performance.now()
  let firstByte: number | undefined
  let status = 0
  return new Promise((resolve) => {
    pool.dispatch(
      { path, method: 'POST', headers, body, headersTimeout: 120_000, bodyTimeout: 120_000 },
      {
        onRequestStart() {},
        onResponseStart(_controller, code) {
          status = code
        },
        onResponseData() {
          firstByte ??= performance.now() - begun
        },
        onResponseEnd() {
          resolve(status === 200 ? firstByte : undefined)
        },
        onResponseError() {
          resolve(undefined)
        },
      },
    )
  })
}

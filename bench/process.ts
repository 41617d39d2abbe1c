import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A process under measurement. */
export interface Measured {
  readonly origin: string
  /** Processor milliseconds used so far, all threads, user and system. */
  cpuMs(): number
  /** Of these, milliseconds of the main thread. */
  mainThreadMs(): Promise<number>
  /** Kilobytes that are held after a full collection, on the heap and in buffers. */
  heldKb(): Promise<number>
  stop(): Promise<void>
}

const REPORTING_USAGE = ['--expose-gc', '--import', new URL('./report-usage.ts', import.meta.url).href]

/** Starts a file of this folder that reports the port it listens on. */
export async function startServer(file: string, ...args: string[]): Promise<Measured> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: REPORTING_USAGE,
  })
  const [message] = (await once(child, 'message')) as [{ port: number }]
  return measured(child, `http://127.0.0.1:${message.port}`)
}

/** Starts the gateway as `npm start` does, on a free port, and waits until it is ready. */
export async function startGateway(environment: Readonly<Record<string, string>>): Promise<Measured> {
  const port = await freePort()
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const child = spawn(process.execPath, [...REPORTING_USAGE, main, 'start'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { PATH: process.env['PATH'], PORT: String(port), ...environment },
  })
  const origin = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 200; tries++) {
    const ready = await fetch(`${origin}/readyz`).catch(() => undefined)
    if (ready?.ok === true) return measured(child, origin)
    if (child.exitCode !== null) break
    await wait(50)
  }
  child.kill('SIGKILL')
  throw new Error('The gateway did not become ready.')
}

function measured(child: ChildProcess, origin: string): Measured {
  const pid = child.pid!
  const ask = async <Answer>(question: string): Promise<Answer> => {
    const answer = once(child, 'message') as Promise<[Answer]>
    child.send(question)
    return (await answer)[0]
  }
  return {
    origin,
    cpuMs: () => {
      // Fields 14 and 15 of stat, counted after the name, are user and system time in hundredths of a second.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      return (Number(fields[11]) + Number(fields[12])) * 10
    },
    mainThreadMs: async () => (await ask<{ mainThreadMs: number }>('main thread')).mainThreadMs,
    heldKb: async () => (await ask<{ heldKb: number }>('memory')).heldKb,
    async stop() {
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No free port.')
  return address.port
}

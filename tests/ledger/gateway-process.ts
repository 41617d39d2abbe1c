import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The whole gateway as a process of its own, to be killed and started again on the same data folder. */
export interface GatewayProcess {
  /** Resolves with its address when it listens; by then it has brought in what the last one left. */
  start(): Promise<string>
  /** Without a warning, as when the power goes. Safe when it does not run. */
  kill(): Promise<void>
}

export interface GatewayProcessOptions {
  /** A data folder that a gateway has furnished, and that no other one has open. */
  readonly folder: string
  /** `host:port` of providers on this machine. */
  readonly trustedHost: string
  /** Further settings, as in the environment. */
  readonly settings?: Readonly<Record<string, string>>
}

export function createGatewayProcess({ folder, trustedHost, settings }: GatewayProcessOptions): GatewayProcess {
  let child: ChildProcess | undefined

  return {
    async start() {
      const started = spawn(process.execPath, [MAIN, 'start'], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          PORT: '0',
          PORTCULLIS_DATA: folder,
          PORTCULLIS_LOG_LEVEL: 'silent',
          TRUSTED_CUSTOM_HOSTS: trustedHost,
          ...settings,
        },
      })
      child = started
      let output = ''
      started.stdout.setEncoding('utf8')
      for await (const text of started.stdout) {
        output += text as string
        const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0]
        if (url !== undefined) return url
      }
      throw new Error(`The gateway did not start: ${output}`)
    },
    async kill() {
      const killed = child
      child = undefined
      if (killed === undefined || killed.exitCode !== null) return
      const exited = once(killed, 'exit')
      killed.kill('SIGKILL')
      await exited
    },
  }
}

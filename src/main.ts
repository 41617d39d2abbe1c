import { type App, startApp } from './app.ts'
import { banner } from './banner.ts'
import { ConfigError, readConfig } from './config.ts'
import { systemClock } from './core/clock.ts'
import { tuneGarbageCollector } from './tune-gc.ts'
import { tellVerdict, verifyDataFolder } from './verify-data-folder.ts'

/*
 * The process: reads the settings, starts the gateway, and ends it when told to. The only file that exits.
 */

/** Faults of the operator's settings, not of the program: told in one line, without a stack. */
const EXIT_CONFIG = 78

tuneGarbageCollector()

let app: App
try {
  const config = readConfig(process.env)
  if (process.argv.includes('--audit-verify')) {
    const verdict = await verifyDataFolder(config.PORTCULLIS_DATA, config.PORTCULLIS_DATABASE_URL)
    const { text, code } = tellVerdict(verdict)
    process.stdout.write(text)
    process.exit(code)
  }
  app = await startApp(config)
  const signInLink = process.argv.includes('--signin-link') ? await app.newSignInLink() : undefined
  process.stdout.write(
    banner({ ...app, signInLink }, { colours: process.stdout.isTTY && process.env['NO_COLOR'] === undefined }),
  )
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1)
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))
// `npm start | tee log`, ended with Ctrl-C: the reader of our words is gone, while answers still run.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
process.on('uncaughtException', die)
process.on('unhandledRejection', die)

/** A supervisor signals the whole process group, and npm's scripts pass on what they got as well: that is one wish. */
const SAME_WISH_MS = 1_000

let firstAskedAt: number | undefined

/** The first signal waits for running answers, the second only for the books. */
async function stop(signal: string): Promise<void> {
  const now = systemClock.monotonic()
  const isFirst = firstAskedAt === undefined
  firstAskedAt ??= now
  if (!isFirst && now - firstAskedAt < SAME_WISH_MS) return
  process.stdout.write(
    isFirst
      ? `\n${signal}: waiting for running answers. Once more to end them.\n`
      : `\n${signal}: ending running answers.\n`,
  )
  await app.stop(isFirst ? undefined : 0)
  process.exit(0)
}

/** What nobody expected: better to end and be started again than to go on half broken. The journal keeps what was under way. */
function die(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, port, address, hostname } = error as Partial<ListenError>
  if (code === 'EADDRINUSE')
    return `Port ${port} at ${address} is taken. Stop what uses it, or set PORT to another one.`
  if (code === 'EACCES' && port !== undefined)
    return `Port ${port} needs more rights than this user has. Set PORT to one above 1023.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `HOST: this machine has no address ${address ?? hostname} to listen on.`
  return error.message
}

/** What Node knows of an address that cannot be listened on. */
interface ListenError {
  readonly code: string
  readonly port: number
  readonly address: string
  /** Instead of the address, where a name could not be looked up. */
  readonly hostname: string
}

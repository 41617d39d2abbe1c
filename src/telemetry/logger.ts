import { type DestinationStream, type Logger, pino } from 'pino'
import { withoutSecrets } from './without-secrets.ts'

/** The log of the process itself: JSON lines on standard error, so that standard output stays for people. No secret gets into it. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // Errors are put into words below; pino's own way would be a second one.
    serializers: { err: (error: unknown) => error },
    hooks: {
      /** Before anything is put into words, so that no way into a line leads around it. */
      logMethod(this: Logger, given: readonly unknown[], write: (...facts: [unknown, ...unknown[]]) => void): void {
        const [first, ...others] = given
        // As pino does it for an error that stands alone.
        const facts =
          first instanceof Error ? [{ err: first }, ...(others.length === 0 ? [first.message] : others)] : given
        write.apply(this, facts.map(withoutSecrets) as [unknown, ...unknown[]])
      },
    },
  }
  return pino(options, destination ?? pino.destination({ fd: 2, sync: false }))
}

export type { Logger }

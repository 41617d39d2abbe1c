import { type DestinationStream, type Logger, pino } from 'pino'

/**
 * Members that never reach a log, wherever an object carries them: a secret that was logged once is lost for good.
 */
const SECRETS = [
  'authorization',
  'cookie',
  'credential',
  'key',
  'password',
  'secret',
  'token',
  '["x-api-key"]',
  '["x-portkey-api-key"]',
  '["set-cookie"]',
]

/** The log of the process itself: JSON lines on standard error, so that standard output stays for people. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRETS.flatMap((name) => [name, name.startsWith('[') ? `*${name}` : `*.${name}`]),
      censor: '[secret]',
    },
  }
  return pino(options, destination ?? pino.destination({ fd: 2, sync: false }))
}

export type { Logger }

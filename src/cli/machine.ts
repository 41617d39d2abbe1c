import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import { type Clock, systemClock } from '../core/clock.ts'
import { type Ask, askOnTerminal } from './ask.ts'
import { howToRun } from './fetched-from.ts'

/** What a command may touch of the computer it runs on. Tests hand in another one. */
export interface Machine {
  /** What to type to run this program again, such as `npx https://gateway.example.com/cli.tgz`. */
  readonly program: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeFolder: string
  readonly workFolder: string
  /** Where administrators roll out Claude Code settings. */
  readonly managedFolder: string
  readonly clock: Clock
  /** Results go here. */
  readonly out: (text: string) => void
  /** Notes about what is being done go here, so that a redirected result stays clean. */
  readonly err: (text: string) => void
  readonly colours: boolean
  /** Characters per line. */
  readonly width: number
  /** Undefined where nobody can answer. */
  readonly ask: Ask | undefined
  /** Runs a program for at most five seconds. Undefined if it is not installed. */
  readonly run: (program: string, args: readonly string[]) => Promise<Ran | undefined>
}

export interface Ran {
  readonly exitCode: number
  readonly output: string
}

/** The computer this process runs on. */
export function thisMachine(): Machine {
  const { env, stdin, stdout, stderr } = process
  return {
    program: howToRun(),
    env,
    homeFolder: homedir(),
    workFolder: process.cwd(),
    managedFolder: MANAGED_FOLDERS[process.platform] ?? '/etc/claude-code',
    clock: systemClock,
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    colours: stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    // Some terminals say they are 0 columns wide.
    width: Math.min(100, Math.max(40, stdout.columns || 80)),
    ask: stdin.isTTY === true && stderr.isTTY === true ? askOnTerminal(stdin, stderr) : undefined,
    run: (program, args) =>
      new Promise((resolve) => {
        // On Windows npm installs programs as .cmd files, which only a shell starts. The arguments are always our own.
        const shell = process.platform === 'win32'
        execFile(program, args, { timeout: 5000, shell, windowsHide: true }, (error, output) => {
          if (error === null) return resolve({ exitCode: 0, output })
          resolve(typeof error.code === 'number' ? { exitCode: error.code, output } : undefined)
        })
      }),
  }
}

const MANAGED_FOLDERS: Partial<Record<NodeJS.Platform, string>> = {
  darwin: '/Library/Application Support/ClaudeCode',
  win32: 'C:\\Program Files\\ClaudeCode',
}

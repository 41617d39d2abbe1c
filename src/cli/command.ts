import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Machine } from './machine.ts'

/** One word after `portcullis`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** The text of `portcullis <command> --help`. */
  readonly help: string
  /** Does the work and returns the exit code: 0 done, 1 not done, 2 called wrongly. */
  readonly run: (args: readonly string[], machine: Machine) => Promise<number>
}

/** The caller has to write the command differently; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Reads the options of a command; a `UsageError` for an option it does not have. */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`${error.message.split('. ')[0]!}.`)
    throw error
  }
}

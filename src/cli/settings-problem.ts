import { JsonTextError } from './json-text.ts'
import type { Machine } from './machine.ts'
import type { Printer } from './print.ts'
import { UnusableFileError, shortPath } from './settings-file.ts'

/** Why a settings file cannot be used, or undefined if the error is about something else. */
export function settingsProblem(error: unknown): string | undefined {
  if (error instanceof JsonTextError) return `line ${error.line}, column ${error.column}: ${error.message}.`
  if (error instanceof UnusableFileError) return `${error.message}.`
  return undefined
}

/** Prints why a settings file was left alone; throws on what is not a problem of the file. */
export function printSettingsProblem(error: unknown, path: string, machine: Machine, printer: Printer): void {
  const problem = settingsProblem(error)
  if (problem === undefined) throw error
  printer.line(
    'failure',
    'settings',
    `${shortPath(machine, path)}, ${problem}`,
    'Mend the file, then run this again. It was not touched.',
  )
}

import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Machine } from './machine.ts'

export interface SecretValues {
  /** By reference. */
  readonly values: Readonly<Record<string, string>>
  /** In words: `env:ANTHROPIC_KEY is not set`. */
  readonly missing: readonly string[]
}

/** Key files are a few kilobytes. */
const CHARACTERS_MAX = 32_768

/** Looks up what a configuration file refers to. Paths are relative to that file. */
export async function readSecretValues(
  references: readonly string[],
  file: string,
  machine: Machine,
): Promise<SecretValues> {
  const values: Record<string, string> = {}
  const missing: string[] = []
  for (const reference of new Set(references)) {
    const [kind, ...rest] = reference.split(':')
    const name = rest.join(':')
    const value = kind === 'env' ? machine.env[name] : await readSecretFile(resolve(dirname(file), name))
    if (value === undefined || value === '')
      missing.push(`${reference} ${kind === 'env' ? 'is not set' : 'cannot be read'}`)
    else if (value.length > CHARACTERS_MAX) missing.push(`${reference} is longer than ${CHARACTERS_MAX} characters`)
    else values[reference] = value
  }
  return { values, missing }
}

/** Editors put a line end behind a secret that is not part of it. */
async function readSecretFile(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
  } catch {
    return undefined
  }
}

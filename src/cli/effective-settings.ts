import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isObject } from '../core/is-object.ts'
import { member } from '../contract/answer.ts'
import { readJsonText } from './json-text.ts'
import type { Machine } from './machine.ts'
import { readTextFile, settingsPath, shortPath } from './settings-file.ts'
import { settingsProblem } from './settings-problem.ts'

/** One place that has a say in Claude Code's settings. */
export interface Source {
  readonly kind: 'managed' | 'local' | 'project' | 'user' | 'shell'
  /** As a person would name it. */
  readonly name: string
  /** Environment variables it sets; empty strings are left out, because Claude Code takes them as unset. */
  readonly env: Readonly<Record<string, string>>
  /** Its top-level members; a shell has none. */
  readonly members: Readonly<Record<string, unknown>>
}

/** A setting together with where it comes from. */
export interface Setting {
  readonly value: string
  readonly source: Source
}

export interface EffectiveSettings {
  /** In the order of their rank: an earlier source wins. */
  readonly sources: readonly Source[]
  /** Files that exist and cannot be used. */
  readonly unusable: readonly { readonly name: string; readonly problem: string }[]
  /** Every source that sets an environment variable; the first one wins. */
  variable(name: string): readonly Setting[]
  /** Every source that has a top-level member; the first one wins. */
  withMember(name: string): readonly Source[]
}

/** Reads what Claude Code would read if it were started here. Settings of a file outrank those of the shell. */
export async function readEffectiveSettings(machine: Machine): Promise<EffectiveSettings> {
  const sources: Source[] = []
  const unusable: { name: string; problem: string }[] = []
  const files = [
    ...(await managedPaths(machine)).map((path) => ({ kind: 'managed' as const, path })),
    ...(['local', 'project', 'user'] as const).map((kind) => ({ kind, path: settingsPath(machine, kind) })),
  ]
  for (const { kind, path } of files) {
    const name = shortPath(machine, path)
    try {
      const file = await readTextFile(path)
      if (file === undefined) continue
      // Our own reader first: its errors name line and column.
      if (file.text.trim() !== '') readJsonText(file.text)
      const value: unknown = file.text.trim() === '' ? {} : JSON.parse(file.text.replace(/^\uFEFF/, ''))
      sources.push({ kind, name, env: strings(member(value, 'env')), members: isObject(value) ? value : {} })
    } catch (error) {
      const problem = settingsProblem(error)
      if (problem === undefined) throw error
      unusable.push({ name, problem })
    }
  }
  sources.push({ kind: 'shell', name: 'the shell', env: strings(machine.env), members: {} })
  return {
    sources,
    unusable,
    variable: (name) =>
      sources.flatMap((source) => {
        const value = source.env[name]
        return value === undefined ? [] : [{ value, source }]
      }),
    withMember: (name) => sources.filter(({ members }) => members[name] !== undefined),
  }
}

/** Files an administrator rolls out. Those in the folder outrank the single one; a later name outranks an earlier one. */
async function managedPaths({ managedFolder: folder }: Machine): Promise<string[]> {
  const parts = await readdir(join(folder, 'managed-settings.d')).catch(() => [])
  const names = parts.filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort()
  return [
    ...names.reverse().map((name) => join(folder, 'managed-settings.d', name)),
    join(folder, 'managed-settings.json'),
  ]
}

function strings(value: unknown): Record<string, string> {
  if (!isObject(value)) return {}
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(entries.filter(([, text]) => text !== ''))
}

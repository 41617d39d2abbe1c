import type { Machine } from './machine.ts'

/** Clients before this one send no session id, so their requests cannot be told apart by session (seen with 2.0.76). */
export const CLAUDE_VERSION_WANTED = '2.1.150'

export type ClaudeVersion =
  | { readonly installed: false }
  | { readonly installed: true; readonly version: string; readonly current: boolean }

/** Asks the installed Claude Code for its version, which it prints as `2.1.330 (Claude Code)`. */
export async function findClaudeVersion(machine: Machine): Promise<ClaudeVersion> {
  const ran = await machine.run('claude', ['--version'])
  const version = /^(\d+\.\d+\.\d+)/.exec(ran?.output.trim() ?? '')?.[1]
  if (ran === undefined || version === undefined) return { installed: false }
  return { installed: true, version, current: compareVersions(version, CLAUDE_VERSION_WANTED) >= 0 }
}

function compareVersions(one: string, other: string): number {
  const [a, b] = [one.split('.').map(Number), other.split('.').map(Number)]
  for (const [at, part] of a.entries()) if (part !== b[at]) return part - (b[at] ?? 0)
  return 0
}

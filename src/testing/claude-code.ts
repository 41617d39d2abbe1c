import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The clients under test: the line we are made for, and an older one that people still run. */
export const CLIENTS = {
  'claude-code': '2.1.330',
  'claude-code-old': '2.1.150',
} as const

export type ClientName = keyof typeof CLIENTS

/** Says once, in one line, why tests with a real client do not run. */
let toldWhy = false

/**
 * The path of an installed client; undefined when it is not installed, in which case its tests are to be skipped. Under
 * `CI=true` a missing client is a failure instead.
 */
export function findClaudeCode(name: ClientName = 'claude-code'): string | undefined {
  const path = binaryOf(name)
  if (path !== undefined) return path
  const why = `${name} ${CLIENTS[name]} is not installed: npm ci --prefix tests/clients`
  if (process.env['CI'] === 'true') throw new Error(why)
  if (!toldWhy) process.stderr.write(`Skipped: ${why}\n`)
  toldWhy = true
  return undefined
}

/**
 * The native program lies in a package of the platform, of which each version of the client has its own. It is started
 * directly: the `bin` link exists only for one of them, and only where install scripts were run.
 */
function binaryOf(name: ClientName): string | undefined {
  const manifest = new URL(`../../tests/clients/node_modules/${name}/package.json`, import.meta.url)
  if (!existsSync(manifest)) return undefined
  const platform = `${process.platform}-${process.arch}`
  try {
    const path = createRequire(manifest).resolve(`@anthropic-ai/claude-code-${platform}/package.json`)
    const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
    return version === CLIENTS[name] ? join(dirname(path), 'claude') : undefined
  } catch {
    return undefined
  }
}

export interface ClaudeCodeRun {
  readonly client?: ClientName
  readonly baseUrl: string
  readonly token: string
  /** After `claude -p`: the prompt and further options. */
  readonly args: readonly string[]
  /** Further `ANTHROPIC_*` and `CLAUDE_CODE_*` variables. */
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds until the client is killed. */
  readonly limitMs?: number
}

export interface ClaudeCodeEnd {
  readonly stdout: string
  readonly stderr: string
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined
}

export interface RunningClaudeCode {
  readonly end: Promise<ClaudeCodeEnd>
  /** As a person pressing Ctrl-C. */
  interrupt(): void
}

/**
 * Starts a real Claude Code in print mode. Its environment is empty but for what is given here, its home and its project
 * are folders of its own that are removed afterwards, and the only address it knows is `baseUrl`.
 */
export function startClaudeCode(run: ClaudeCodeRun): RunningClaudeCode {
  const program = findClaudeCode(run.client)
  if (program === undefined) throw new Error('Ask findClaudeCode first, and skip the test')
  const home = mkdtempSync(join(tmpdir(), 'portcullis-home-'))
  const project = mkdtempSync(join(tmpdir(), 'portcullis-project-'))
  writeFileSync(join(project, 'README.md'), '# A project\n\nNothing to see here.\n')
  const child = spawn(program, ['-p', ...run.args], {
    cwd: project,
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: home,
      ANTHROPIC_BASE_URL: run.baseUrl,
      ANTHROPIC_AUTH_TOKEN: run.token,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      ...run.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = finished(child, run.limitMs ?? 60_000).finally(() => {
    rmSync(home, { recursive: true, force: true })
    rmSync(project, { recursive: true, force: true })
  })
  return { end, interrupt: () => void child.kill('SIGINT') }
}

/** Runs a real Claude Code in print mode to its end. */
export function runClaudeCode(run: ClaudeCodeRun): Promise<ClaudeCodeEnd> {
  return startClaudeCode(run).end
}

function finished(child: ChildProcess, limitMs: number): Promise<ClaudeCodeEnd> {
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout!.on('data', (piece: Buffer) => out.push(piece))
  child.stderr!.on('data', (piece: Buffer) => err.push(piece))
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exitCode) => {
      clearTimeout(limit)
      resolve({
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
        exitCode: exitCode ?? undefined,
      })
    })
  })
}

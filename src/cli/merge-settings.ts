import { createHash } from 'node:crypto'
import { JsonTextError, type JsonNode, findMember, rawAt, readJsonText, removeAt, setAt } from './json-text.ts'
import { type SettingsBlock, asciiJson } from './settings-block.ts'

/** One member of a settings file that connecting set or moved aside, and what has to be known to take that back. */
export interface Change {
  readonly path: readonly string[]
  /** The text of the value that stood there; null if the member did not exist. */
  readonly before: string | null
  /** SHA-256 of the text we put there; null if the member was moved aside. No secret of ours is kept in clear. */
  readonly after: string | null
}

/** Everything that has to be known to undo a merge. */
export interface Changes {
  readonly changes: readonly Change[]
  /** The file had no `env`; ours goes when nothing is left in it. */
  readonly madeEnv: boolean
}

export interface Merged extends Changes {
  readonly text: string
  /** One sentence for every setting that would have competed with the gateway and was moved aside. */
  readonly movedAside: readonly string[]
}

export interface Reverted {
  readonly text: string
  /** Members that somebody changed after us, by their printed path; they were left as they are. */
  readonly leftAlone: readonly string[]
}

/** Environment members that send Claude Code somewhere else, or give it a second credential. */
const COMPETING_ENV: Readonly<Record<string, string>> = {
  ANTHROPIC_API_KEY: 'a second credential; both would be sent',
  CLAUDE_CODE_USE_BEDROCK: 'it would bypass the gateway for Amazon Bedrock',
  CLAUDE_CODE_USE_VERTEX: 'it would bypass the gateway for Google Vertex AI',
  CLAUDE_CODE_USE_FOUNDRY: 'it would bypass the gateway for Microsoft Foundry',
  CLAUDE_CODE_USE_ANTHROPIC_AWS: 'it would bypass the gateway for Claude Platform on AWS',
  CLAUDE_CODE_USE_MANTLE: 'it would bypass the gateway for Bedrock Mantle',
}

/** Top-level members that do the same. */
const COMPETING_MEMBERS: Readonly<Record<string, string>> = {
  apiKeyHelper: 'a second source of credentials',
  forceLoginMethod: 'Claude Code refuses to start with it and a gateway key together',
}

/** Names of the cloud switches, which doctor looks for in every source of settings. */
export const CLOUD_SWITCHES = Object.keys(COMPETING_ENV).filter((name) => name.startsWith('CLAUDE_CODE_USE_'))

/**
 * Puts the block into the text of a settings file and moves aside what would compete with it. Everything else stays
 * character by character. Throws a `JsonTextError` for a text that is not a settings document.
 */
export function mergeSettings(before: string, block: SettingsBlock): Merged {
  checkSettings(before)
  let text = before.trim() === '' ? '{}\n' : before
  const changes: Change[] = []
  const movedAside: string[] = []
  const madeEnv = rawAt(text, ['env']) === undefined

  for (const [name, reason] of Object.entries(COMPETING_ENV)) moveAside(['env', name], reason)
  for (const [name, reason] of Object.entries(COMPETING_MEMBERS)) moveAside([name], reason)
  for (const [name, value] of Object.entries(block.env)) {
    if (name !== 'ANTHROPIC_CUSTOM_HEADERS') set(['env', name], JSON.stringify(value))
  }
  setHeaders(block.env['ANTHROPIC_CUSTOM_HEADERS'])
  if (block.model !== undefined) set(['model'], JSON.stringify(block.model))
  return { text, changes, madeEnv, movedAside }

  function set(path: readonly string[], raw: string): void {
    const stood = rawAt(text, path)
    if (stood === raw) return
    text = setAt(text, path, raw)
    changes.push({ path, before: stood ?? null, after: fingerprint(raw) })
  }

  function remove(path: readonly string[]): void {
    changes.push({ path, before: rawAt(text, path) ?? null, after: null })
    text = removeAt(text, path)
  }

  function moveAside(path: readonly string[], reason: string): void {
    if (rawAt(text, path) === undefined) return
    remove(path)
    movedAside.push(`${path.join('.')}: ${reason}.`)
  }

  /** Custom headers are lines of one value: foreign lines stay, lines that route or authenticate move aside. */
  function setHeaders(wanted: string | undefined): void {
    const path = ['env', 'ANTHROPIC_CUSTOM_HEADERS']
    const raw = rawAt(text, path)
    const stood: unknown = raw === undefined ? '' : JSON.parse(raw)
    const lines = typeof stood === 'string' ? stood.split(/\r?\n/).filter((line) => line.trim() !== '') : []
    const competing = lines.filter(routesOrAuthenticates)
    const kept = lines.filter((line) => !routesOrAuthenticates(line) && (wanted === undefined || !isMetadata(line)))
    const metadata = lines.find(isMetadata)
    if (wanted !== undefined) kept.push(withMetadataOf(metadata, wanted))
    for (const line of competing)
      movedAside.push(`the header line ${headerName(line)}: it chooses another key or route.`)
    if (kept.length > 0 && (competing.length > 0 || wanted !== undefined)) set(path, JSON.stringify(kept.join('\n')))
    else if (competing.length > 0) remove(path)
  }
}

/**
 * Takes changes back, member by member, in a text that may have been edited since: what is still as we left it returns
 * to what stood before, what somebody else changed stays theirs.
 */
export function revertSettings(current: string, { changes, madeEnv }: Changes): Reverted {
  checkSettings(current)
  let text = current.trim() === '' ? '{}\n' : current
  const leftAlone: string[] = []
  for (const { path, before, after } of [...changes].reverse()) {
    const stands = rawAt(text, path)
    if ((stands === undefined ? null : fingerprint(stands)) !== after) leftAlone.push(path.join('.'))
    else if (before === null) text = removeAt(text, path)
    else text = setAt(text, path, before)
  }
  if (madeEnv && /^\{\s*\}$/.test(rawAt(text, ['env']) ?? '')) text = removeAt(text, ['env'])
  return { text, leftAlone }
}

/** SHA-256 of a text, in hex. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Throws a `JsonTextError` unless the text is empty or an object, with an object as `env`, without repeated names. */
function checkSettings(text: string): void {
  if (text.trim() === '') return
  const root = readJsonText(text)
  if (root.kind !== 'object')
    throw new JsonTextError('A settings file is one JSON object; this is not', text, root.start)
  const env = findMember(root, 'env')?.value
  if (env !== undefined && env.kind !== 'object') throw new JsonTextError('"env" is not an object', text, env.start)
  for (const object of env === undefined ? [root] : [root, env]) refuseRepeated(text, object)
}

/** Two members of one name would make it unclear which of them counts, and which one to give back. */
function refuseRepeated(text: string, object: JsonNode): void {
  if (object.kind !== 'object') return
  const seen = new Set<string>()
  for (const { name, nameStart } of object.members) {
    if (seen.has(name)) throw new JsonTextError(`"${name}" stands twice`, text, nameStart)
    seen.add(name)
  }
}

function headerName(line: string): string {
  return line
    .slice(0, Math.max(0, line.indexOf(':')))
    .trim()
    .toLowerCase()
}

/** A key, provider or config named here would outrank what the gateway key stands for. Trace and metadata lines do not. */
function routesOrAuthenticates(line: string): boolean {
  const name = headerName(line)
  if (name === 'authorization' || name === 'x-api-key') return true
  return name.startsWith('x-portkey-') && !/^x-portkey-(metadata|trace-id|span-id|span-name|parent-span-id)$/.test(name)
}

function isMetadata(line: string): boolean {
  return headerName(line) === 'x-portkey-metadata'
}

/** The wanted metadata line, with the other entries of the line that stood before. */
function withMetadataOf(stood: string | undefined, wanted: string): string {
  const before = stood === undefined ? {} : readMetadata(stood)
  return `x-portkey-metadata: ${asciiJson({ ...before, ...readMetadata(wanted) })}`
}

function readMetadata(line: string): object {
  try {
    const value: unknown = JSON.parse(line.slice(line.indexOf(':') + 1))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}

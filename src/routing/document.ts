import { hash } from 'node:crypto'
import { compile, type NamedProvider } from './compile.ts'
import type { HostRule } from './read-settings.ts'
import type { RoutingConfig } from './routing-config.ts'
import { complain, type Problem } from './written.ts'

/** Of a saved config; both undefined for one that came with a request. */
export interface ConfigIdentity {
  readonly id: string | undefined
  readonly versionId: string | undefined
}

export interface ReadOptions {
  /** Given when whoever wrote the document may choose hosts: an administrator. Without, a `custom_host` is a problem. */
  readonly mayChooseHost?: HostRule | undefined
}

export type ReadConfig =
  | { readonly config: RoutingConfig; readonly providers: readonly NamedProvider[]; readonly problems?: never }
  | { readonly config?: never; readonly providers?: never; readonly problems: readonly [Problem, ...Problem[]] }

const BYTES_MAX = 256 * 1024
/** Of brackets, so that whatever walks a document comes to an end of the stack later than of the document. */
const NESTING_MAX = 128

/**
 * Reads a routing document: Portkey's Config JSON, as an object or as text. What comes back can be followed as it is; or all problems, each with
 * the path as people write it. Never throws.
 */
export function readConfig(input: unknown, identity: ConfigIdentity, options: ReadOptions = {}): ReadConfig {
  const problems: Problem[] = []
  const document = parse(input, problems)
  if (document === undefined) return refuse(problems)

  const written = { value: document.value, path: 'config', problems }
  const compiled = compile(written, options.mayChooseHost)
  if (compiled === undefined || problems.length > 0) return refuse(problems)
  const fingerprint = hash('sha256', JSON.stringify([identity.id, identity.versionId, document.text])).slice(0, 32)
  return { config: { ...identity, fingerprint, root: compiled.root }, providers: compiled.providers }
}

function refuse(problems: readonly Problem[]): ReadConfig {
  const [first = { path: 'config', message: 'could not be read' }, ...others] = problems
  return { problems: [first, ...others] }
}

interface Parsed {
  readonly value: unknown
  readonly text: string
}

/** A copy of our own, so that nobody changes what was checked. */
function parse(input: unknown, problems: Problem[]): Parsed | undefined {
  const config = { path: 'config', problems }
  try {
    // Of undefined and functions, whatever its type says, it makes nothing.
    const text: unknown = typeof input === 'string' ? input : JSON.stringify(input)
    if (typeof text !== 'string') return complain(config, 'is missing')
    if (Buffer.byteLength(text) > BYTES_MAX) return complain(config, `is larger than ${BYTES_MAX / 1024} KB`)
    // First, as looking for strings takes the square of its time in a text whose quotes do not match.
    const value: unknown = JSON.parse(text)
    if (nestingOf(text) > NESTING_MAX) return complain(config, `is nested deeper than ${NESTING_MAX} levels`)
    return { text, value }
  } catch {
    return complain(config, 'is not valid JSON')
  }
}

/** Of valid JSON. */
function nestingOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '{' || token === '[') deepest = Math.max(deepest, (depth += 1))
    else if (token === '}' || token === ']') depth -= 1
  }
  return deepest
}

import {
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml'
import { ConfigurationFile, SECRET_REFERENCE } from '../../contract/configuration.ts'

/** A place in a file that somebody wrote. */
export interface Place {
  readonly path: string
  /** From 1 on, both. */
  readonly line: number
  readonly column: number
}

export interface FileProblem extends Place {
  readonly message: string
}

export interface ReadFile {
  /** As it was written; undefined when it is no such file. Checked, so that its shape may be relied on. */
  readonly file: ConfigurationFile | undefined
  readonly problems: readonly FileProblem[]
  /** The secrets that it refers to: `env:NAME`, `file:path`. */
  readonly references: readonly (Place & { readonly reference: string })[]
  /** Where a member stands; for one that is missing, what would hold it. */
  placeOf(path: readonly PropertyKey[]): Place
}

/** Aliases are counted, so that a few lines do not become a million. */
const ALIASES_MAX = 100
const DEPTH_MAX = 32
/** More at once help nobody, and finding the place of each takes time. */
const PROBLEMS_MAX = 100

/** Reads a configuration file and lists everything that is wrong with its form. */
export function readFile(text: string): ReadFile {
  const lines = new LineCounter()
  const document = parse(text, lines)
  if (document === undefined) return refuse('is nested too deep', 0)
  if (document.errors.length > 0) {
    return { ...NOTHING, placeOf, problems: document.errors.slice(0, PROBLEMS_MAX).map(tellError) }
  }
  const odd = findOddity(document)
  if (odd !== undefined) return refuse(odd.message, odd.offset)
  const value = toValue(document)
  if (value instanceof Error) return refuse(value.message, 0)

  const read = ConfigurationFile.safeParse(value)
  const wrong = read.error?.issues.slice(0, PROBLEMS_MAX).flatMap(messagesOf).slice(0, PROBLEMS_MAX) ?? []
  return {
    file: read.success ? (value as ConfigurationFile) : undefined,
    problems: wrong.map(({ path, message }) => ({ message, ...placeOf(path) })),
    references: findReferences(value, []).map(({ path, reference }) => ({ reference, ...placeOf(path) })),
    placeOf,
  }

  function placeOf(path: readonly PropertyKey[]): Place {
    return { path: writePath(path), ...position(document === undefined ? 0 : offsetOf(document, path)) }
  }

  function refuse(message: string, offset: number): ReadFile {
    return { ...NOTHING, placeOf, problems: [{ path: '', message, ...position(offset) }] }
  }

  function tellError(error: YAMLParseError): FileProblem {
    return { path: '', message: error.message, ...position(error.pos[0]) }
  }

  function position(offset: number): { line: number; column: number } {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
}

const NOTHING = { file: undefined, references: [] }

/** Undefined for a text that nests deeper than the stack. Whether a name stands twice is looked at later: the parser takes the square of their number. */
function parse(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, { lineCounter, uniqueKeys: false, merge: false, prettyErrors: false, version: '1.2' })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

interface Issue {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly code?: string | undefined
  readonly keys?: readonly string[]
  readonly errors?: readonly (readonly Issue[])[]
  readonly issues?: readonly Issue[]
}

/** One line for each problem. Of several possible forms the one is told that comes nearest: it failed deepest. */
function messagesOf({
  path,
  message,
  code,
  keys,
  errors,
  issues,
}: Issue): { path: readonly PropertyKey[]; message: string }[] {
  const inner = code === 'invalid_union' ? nearest(errors ?? []) : code === 'invalid_key' ? (issues ?? []) : []
  if (inner.length > 0) {
    return inner.flatMap((each) => messagesOf({ ...each, path: [...path, ...each.path] }))
  }
  // A name that is not known stands somewhere itself.
  return message
    .split('\n')
    .map((line, at) => ({ path: keys?.[at] === undefined ? path : [...path, keys[at]], message: line }))
}

function nearest(alternatives: readonly (readonly Issue[])[]): readonly Issue[] {
  const depth = (issues: readonly Issue[]) => Math.max(0, ...issues.map(({ path }) => path.length))
  const deep = alternatives.filter((issues) => depth(issues) > 0)
  return deep.toSorted((one, other) => depth(other) - depth(one))[0] ?? []
}

/** What no honest file has, and what would silently mean something else. */
function findOddity(document: Document.Parsed): { message: string; offset: number } | undefined {
  let odd: { message: string; offset: number } | undefined
  visit(document, {
    Node(_key, node, path) {
      const offset = node.range?.[0] ?? 0
      if (path.filter((each) => !('key' in each)).length > DEPTH_MAX) odd = { message: 'is nested too deep', offset }
      else if (isMap(node)) odd = findOddName(node)
      else if (isAlias(node) && holds(path, node.resolve(document))) odd = { message: 'may not hold itself', offset }
      return odd === undefined ? undefined : visit.BREAK
    },
  })
  return odd
}

/** An anchor stands before its aliases, so what an alias leads back into is around it. */
function holds(path: readonly unknown[], node: unknown): boolean {
  return node !== undefined && path.includes(node)
}

function findOddName({ items, range }: YAMLMap): { message: string; offset: number } | undefined {
  const seen = new Set<string>()
  for (const { key } of items) {
    if (!isScalar(key)) return { message: 'names have to be plain', offset: range?.[0] ?? 0 }
    const name = String(key.value)
    const offset = key.range?.[0] ?? 0
    if (name === '__proto__') return { message: 'may not hold the name __proto__', offset }
    if (seen.has(name)) return { message: `${JSON.stringify(name.slice(0, 64))} stands here twice`, offset }
    seen.add(name)
  }
  return undefined
}

function toValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Where the member stands, or the nearest thing around it that stands somewhere. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const around = path.slice(0, length - 1)
    const name = path[length - 1]
    const holder = around.length === 0 ? document.contents : (document.getIn(around, true) as Node | undefined)
    if (isMap(holder)) {
      const pair = holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(name))
      if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0] ?? 0
    } else {
      const node = document.getIn(path.slice(0, length), true) as Node | undefined
      if (node?.range) return node.range[0]
    }
  }
  return document.contents?.range[0] ?? 0
}

/** `workspaces.payments.usage_limits[0].credit_limit` */
export function writePath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
}

interface FoundReference {
  readonly path: readonly PropertyKey[]
  readonly reference: string
}

function findReferences(value: unknown, path: readonly PropertyKey[]): readonly FoundReference[] {
  if (typeof value === 'string') {
    const reference = SECRET_REFERENCE.exec(value)?.[1]
    return reference === undefined ? [] : [{ path, reference }]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    findReferences(inner, [...path, Array.isArray(value) ? Number(name) : name]),
  )
}

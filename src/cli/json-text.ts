/**
 * JSON as text that a person wrote: read with positions, changed member by member, and otherwise left as it stands.
 * Reading it into an object and printing it again would lose the person's order, spacing and number spelling.
 */

/** One value and where it stands: characters `[start, end)`. */
export type JsonNode = JsonObject | { readonly kind: 'array' | 'scalar'; readonly start: number; readonly end: number }

export interface JsonObject {
  readonly kind: 'object'
  readonly start: number
  readonly end: number
  readonly members: readonly JsonMember[]
}

export interface JsonMember {
  readonly name: string
  /** Of the opening quote of the name. */
  readonly nameStart: number
  /** After the closing quote of the name. */
  readonly nameEnd: number
  readonly value: JsonNode
}

/** Says where a text stops being JSON; line and column count from 1. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError'
  readonly line: number
  readonly column: number

  constructor(problem: string, text: string, at: number) {
    const before = text.slice(0, at).split('\n')
    super(problem)
    this.line = before.length
    this.column = before.at(-1)!.length + 1
  }
}

/** Deeper than any settings file, and shallow enough for the call stack. */
const DEPTH_MAX = 200

/** Reads one JSON value, which may follow a byte order mark. Throws a `JsonTextError`. */
export function readJsonText(text: string): JsonNode {
  let at = text.startsWith('\uFEFF') ? 1 : 0

  const root = readValue(0)
  skipSpace()
  if (at < text.length) throw problem('Something follows the end of the JSON document')
  return root

  function readValue(depth: number): JsonNode {
    skipSpace()
    if (depth > DEPTH_MAX) throw problem(`More than ${DEPTH_MAX} levels of nesting`)
    switch (text[at]) {
      case '{':
        return readObject(depth)
      case '[':
        return readArray(depth)
      default:
        return readScalar()
    }
  }

  function readObject(depth: number): JsonObject {
    const start = at++
    const members: JsonMember[] = []
    skipSpace()
    if (text[at] === '}') return { kind: 'object', start, end: ++at, members }
    for (;;) {
      skipSpace()
      if (text[at] === '}') throw problem('A comma stands before the closing brace')
      if (text[at] !== '"') throw problem('A member name in double quotes was expected')
      const nameStart = at
      const name = readString()
      const nameEnd = at
      skipSpace()
      if (text[at] !== ':') throw problem('A colon was expected')
      at++
      members.push({ name, nameStart, nameEnd, value: readValue(depth + 1) })
      skipSpace()
      if (text[at] === '}') return { kind: 'object', start, end: ++at, members }
      if (text[at] !== ',') throw problem('A comma or a closing brace was expected')
      at++
    }
  }

  function readArray(depth: number): JsonNode {
    const start = at++
    skipSpace()
    if (text[at] === ']') return { kind: 'array', start, end: ++at }
    for (;;) {
      skipSpace()
      if (text[at] === ']') throw problem('A comma stands before the closing bracket')
      readValue(depth + 1)
      skipSpace()
      if (text[at] === ']') return { kind: 'array', start, end: ++at }
      if (text[at] !== ',') throw problem('A comma or a closing bracket was expected')
      at++
    }
  }

  function readScalar(): JsonNode {
    const start = at
    if (text[at] === '"') {
      readString()
      return { kind: 'scalar', start, end: at }
    }
    const word = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y
    word.lastIndex = at
    const found = word.exec(text)
    if (found === null) throw problem(unexpected())
    at = word.lastIndex
    return { kind: 'scalar', start, end: at }
  }

  function readString(): string {
    const whole = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
    whole.lastIndex = at
    const found = whole.exec(text)
    if (found === null) throw problem('A string that does not end, or holds a character it must escape, starts here')
    at = whole.lastIndex
    return JSON.parse(found[0]) as string
  }

  function skipSpace(): void {
    while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
    if (text.startsWith('//', at) || text.startsWith('/*', at)) throw problem('JSON has no comments; one starts here')
  }

  function unexpected(): string {
    return at >= text.length ? 'The document ends where a value was expected' : 'No JSON value starts here'
  }

  function problem(what: string): JsonTextError {
    return new JsonTextError(what, text, at)
  }
}

/** The member of that name in an object, if it has one. */
export function findMember(node: JsonNode, name: string): JsonMember | undefined {
  return node.kind === 'object' ? node.members.find((member) => member.name === name) : undefined
}

/** The text of the value at a path of member names, exactly as it stands, or undefined if there is none. */
export function rawAt(text: string, path: readonly string[]): string | undefined {
  let node: JsonNode | undefined = readJsonText(text)
  for (const name of path) node = node && findMember(node, name)?.value
  return node && text.slice(node.start, node.end)
}

/** The text with `raw` as the value at a path. Objects on the way are made where they are missing. */
export function setAt(text: string, path: readonly string[], raw: string): string {
  let object = readJsonText(text)
  for (const [depth, name] of path.entries()) {
    const found = findMember(object, name)
    const last = depth === path.length - 1
    if (found === undefined && last) return insertMember(text, object, depth, name, raw)
    if (found === undefined) return setAt(insertMember(text, object, depth, name, '{}'), path, raw)
    if (last) return text.slice(0, found.value.start) + raw + text.slice(found.value.end)
    object = found.value
  }
  return text
}

/** The text without the member at a path; the same text if it has none. */
export function removeAt(text: string, path: readonly string[]): string {
  let object = readJsonText(text)
  for (const name of path.slice(0, -1)) {
    const found = findMember(object, name)
    if (found === undefined) return text
    object = found.value
  }
  if (object.kind !== 'object') return text
  const index = object.members.findIndex((member) => member.name === path.at(-1))
  const member = object.members[index]
  if (member === undefined) return text
  const previous = object.members[index - 1]
  const next = object.members[index + 1]
  if (previous !== undefined) return text.slice(0, previous.value.end) + text.slice(member.value.end)
  if (next !== undefined) return text.slice(0, member.nameStart) + text.slice(next.nameStart)
  return text.slice(0, object.start + 1) + text.slice(object.end - 1)
}

/** Adds a member at the end of an object, spaced like its neighbours. */
function insertMember(text: string, object: JsonNode, depth: number, name: string, raw: string): string {
  if (object.kind !== 'object') throw new JsonTextError('An object was expected here', text, object.start)
  const first = object.members[0]
  const last = object.members.at(-1)
  if (first !== undefined && last !== undefined) {
    const lead = text.slice(object.start + 1, first.nameStart)
    const colon = text.slice(first.nameEnd, first.value.start)
    return `${text.slice(0, last.value.end)},${lead}${JSON.stringify(name)}${colon}${raw}${text.slice(last.value.end)}`
  }
  const { newline, indent, colon } = readStyle(text)
  const inner = newline + indent.repeat(depth + 1)
  const outer = newline + indent.repeat(depth)
  return `${text.slice(0, object.start)}{${inner}${JSON.stringify(name)}${colon}${raw}${outer}}${text.slice(object.end)}`
}

/** How the document is laid out: a document on one line stays on one line. */
function readStyle(text: string): { newline: string; indent: string; colon: string } {
  const root = readJsonText(text)
  const first = root.kind === 'object' ? root.members[0] : undefined
  if (first === undefined) return { newline: text.includes('\r\n') ? '\r\n' : '\n', indent: '  ', colon: ': ' }
  const colon = text.slice(first.nameEnd, first.value.start)
  const lead = /(\r?\n)([ \t]*)$/.exec(text.slice(root.start + 1, first.nameStart))
  if (lead === null) return { newline: '', indent: '', colon }
  return { newline: lead[1]!, indent: lead[2]!, colon }
}

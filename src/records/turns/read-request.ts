import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import {
  elementsOf,
  JsonError,
  type KnownEnds,
  knownEnds,
  type Member,
  mayHave,
  membersOf,
  scanTopLevel,
  type Span,
  type TopLevel,
} from '../../core/json.ts'
import { findCacheMarks } from './cache-marks.ts'

/** What a request is made of, as far as its turn is told by it. */
export interface RequestParts {
  /**
   * A number for each message, cache marks removed and a string taken as one text block: where two are equal, so were the
   * messages to a prompt cache.
   */
  readonly messages: readonly number[]
  /** In hex; undefined where the request has none. */
  readonly toolsHash: string | undefined
  readonly systemHash: string | undefined
  /** Where the newest thing stands that a person or a tool has said: a string, without its quotes. */
  readonly newest: Span | undefined
  /** It asks for a title of the session. */
  readonly asksForTitle: boolean
}

const NOTHING: RequestParts = {
  messages: [],
  toolsHash: undefined,
  systemHash: undefined,
  newest: undefined,
  asksForTitle: false,
}

const QUOTE = 0x22
const OPEN_BRACKET = 0x5b

/** What is known of a body before it is read: it begins with so many bytes of another one, whose messages have been digested. */
export interface KnownStart {
  readonly bytes: number
  readonly messages: readonly number[]
}

const NOTHING_KNOWN: KnownStart = { bytes: 0, messages: [] }

/** Reads a Messages request without parsing it; of one that is no JSON, nothing. */
export function readRequest(body: Buffer, known: KnownStart = NOTHING_KNOWN): RequestParts {
  try {
    return readParts(body, known)
  } catch (error) {
    if (error instanceof JsonError) return NOTHING
    throw error
  }
}

function readParts(body: Buffer, known: KnownStart): RequestParts {
  const top = scanTopLevel(body)
  const ends = knownEnds(top)
  const messages = top.find('messages')
  const tools = top.find('tools')
  const system = top.find('system')
  const spans = messages === undefined ? [] : elementsOf(body, messages.valueStart, ends)
  const marksIn = (member: Member) =>
    mayHave(top, 'cache_control') ? findCacheMarks(body, span(member), top.longStrings) : []
  return {
    messages: digestMessages(body, spans, messages === undefined ? [] : marksIn(messages), ends, known),
    toolsHash: tools && hashOf(body, [span(tools)], marksIn(tools)),
    systemHash: system && hashSystem(body, system, marksIn(system), ends),
    newest: findNewest(body, spans, ends),
    asksForTitle: asksForTitle(body, top),
  }
}

function span({ valueStart, valueEnd }: Member): Span {
  return { start: valueStart, end: valueEnd }
}

/** What stands around a text when it is written as a list of blocks. */
const AS_BLOCK = Buffer.from('[{"type":"text","text":')
const BLOCK_END = Buffer.from('}]')

/**
 * A checksum and the length as one number. They are held against each other only where the same place of the same
 * conversation is meant, so that no more than that is asked of them.
 */
function digestMessages(
  body: Buffer,
  messages: readonly Span[],
  marks: readonly Span[],
  ends: KnownEnds,
  known: KnownStart,
): number[] {
  let next = 0
  return messages.map((message, at) => {
    const own: Span[] = []
    while (next < marks.length && marks[next]!.end <= message.end) own.push(marks[next++]!)
    const before = known.messages[at]
    if (before !== undefined && message.end <= known.bytes) return before
    const content = find(membersOf(body, message.start, ends), 'content')
    let sum = 0
    let bytes = 0
    const add = (part: Buffer) => {
      sum = crc32(part, sum)
      bytes += part.length
    }
    const addSpan = (part: Span) => {
      for (const { start, end } of own.length === 0 ? [part] : without(part, own)) add(body.subarray(start, end))
    }
    if (content === undefined || body[content.valueStart] !== QUOTE) addSpan(message)
    else {
      addSpan({ start: message.start, end: content.valueStart })
      add(AS_BLOCK)
      addSpan(span(content))
      add(BLOCK_END)
      addSpan({ start: content.valueEnd, end: message.end })
    }
    return sum * LENGTHS + (bytes % LENGTHS)
  })
}

/** With a checksum of 32 bits, what a double holds exactly. */
const LENGTHS = 2 ** 21

/** What is left of a stretch when others, which are in order, are taken out of it. */
function without({ start, end }: Span, holes: readonly Span[]): Span[] {
  const left: Span[] = []
  let at = start
  for (const hole of holes) {
    if (hole.end <= at || hole.start >= end) continue
    left.push({ start: at, end: hole.start })
    at = hole.end
  }
  left.push({ start: at, end })
  return left
}

function hashOf(body: Buffer, parts: readonly Span[], marks: readonly Span[]): string {
  const digest = createHash('sha256')
  for (const part of parts) for (const { start, end } of without(part, marks)) digest.update(body.subarray(start, end))
  return digest.digest('hex')
}

const BILLING = 'x-anthropic-billing-header:'

/**
 * Of the blocks of `system`. The first one of Claude Code, a line for billing, is left out: the provider takes it away before
 * its cache sees it, and it is another one for each version of the client.
 */
function hashSystem(body: Buffer, system: Member, marks: readonly Span[], ends: KnownEnds): string {
  const blocks = body[system.valueStart] === OPEN_BRACKET ? elementsOf(body, system.valueStart, ends) : [span(system)]
  const [first] = blocks
  const isBilling =
    first !== undefined && body.toString('latin1', first.start, Math.min(first.end, first.start + 80)).includes(BILLING)
  return hashOf(body, isBilling ? blocks.slice(1) : blocks, marks)
}

const REMINDER = Buffer.from('<system-reminder>')

/** Goes back from the newest message to the first that a person or a tool says something in. */
function findNewest(body: Buffer, messages: readonly Span[], ends: KnownEnds): Span | undefined {
  for (const message of messages.toReversed()) {
    const members = membersOf(body, message.start, ends)
    if (wordOf(body, find(members, 'role')) !== 'user') continue
    const said = findSaid(body, find(members, 'content'), ends)
    if (said !== undefined) return said
  }
  return undefined
}

/** The last text that is no reminder of the client; without one, the last result of a tool. */
function findSaid(body: Buffer, content: Member | undefined, ends: KnownEnds): Span | undefined {
  if (content === undefined) return undefined
  if (body[content.valueStart] === QUOTE) return inside(content)
  let result: Span | undefined
  for (const block of elementsOf(body, content.valueStart, ends).toReversed()) {
    const members = membersOf(body, block.start, ends)
    const type = wordOf(body, find(members, 'type'))
    const text = find(members, 'text')
    if (type === 'text' && text !== undefined && body[text.valueStart] === QUOTE && !isReminder(body, text)) {
      return inside(text)
    }
    if (type === 'tool_result') result ??= findSaid(body, find(members, 'content'), ends)
  }
  return result
}

function isReminder(body: Buffer, text: Member): boolean {
  const { start, end } = inside(text)
  return body.subarray(start, Math.min(end, start + REMINDER.length)).equals(REMINDER)
}

function find(members: readonly Member[], name: string): Member | undefined {
  return members.findLast((member) => member.name === name)
}

/** A short word, as it is written; of something longer or else, nothing that any word is equal to. */
function wordOf(body: Buffer, member: Member | undefined): string {
  return member === undefined
    ? ''
    : body.toString('latin1', member.valueStart + 1, Math.min(member.valueEnd - 1, member.valueStart + 33))
}

function inside({ valueStart, valueEnd }: Member): Span {
  return { start: valueStart + 1, end: valueEnd - 1 }
}

/** Without tools, and for an answer in JSON that has a title: so Claude Code asks beside a session's first turn. */
function asksForTitle(body: Buffer, top: TopLevel): boolean {
  const tools = top.find('tools')
  if (tools !== undefined && elementsOf(body, tools.valueStart, knownEnds()).length > 0) return false
  const output = top.find('output_config')
  if (output === undefined || output.valueEnd - output.valueStart > 4_096) return false
  const text = body.toString('latin1', output.valueStart, output.valueEnd)
  return text.includes('"json_schema"') && text.includes('"title"')
}

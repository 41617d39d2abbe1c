import { readString, scanTopLevel, splice } from '../../core/json.ts'

/** Collects the events of one chunk and frames them as Anthropic does. */
export interface SseWriter {
  /** The payload of one `chunk` frame, in `[start, end)`: `{"bytes":"<base64 of an event>","p":"<padding>"}`. Throws for one that is nothing like it. */
  add(bytes: Buffer, start: number, end: number): void
  /** One event that is made here. */
  addEvent(type: string, json: string): void
  /** What was added since the last time; undefined when that was nothing. */
  take(): Buffer | undefined
}

const PAYLOAD_START = Buffer.from('{"bytes":"')
const EVENT_START = Buffer.from('{"type":"')
const QUOTE = 0x22
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Enough for `event: `, the longest type there is, and `\ndata: `. */
const HEAD_BYTES_MAX = 96
const TYPE_CHARACTERS_MAX = 64
const TAIL_BYTES = 2

/** What stands before the events of one type, and what such an event begins with. */
interface Head {
  readonly written: Buffer
  readonly eventStart: Buffer
}

/**
 * This runs for every token of every stream, so nothing is parsed that has the spelling Bedrock gives it: the event is decoded straight into
 * the bytes that leave, and its type is read from its beginning. Whatever is spelled in another way takes the long way, through the scanner.
 */
export function createSseWriter(): SseWriter {
  let out = Buffer.allocUnsafe(4 * 1024)
  let used = 0
  const heads = new Map<string, Head>()
  /** Of the event before: most events of a stream have the type of their predecessor. */
  let guess: Head | undefined

  return {
    add(bytes, payloadStart, payloadEnd) {
      const base64 = base64Of(bytes, payloadStart, payloadEnd)
      reserve(base64.length)
      // Decoded to where it will stay when the guess is right; else behind where the head will end at most, then moved.
      const start = used + (guess?.written.length ?? HEAD_BYTES_MAX)
      const end = start + out.write(base64, start, 'base64')
      if (guess !== undefined && startsWith(out, start, end, guess.eventStart) && !isBroken(out, start, end)) {
        guess.written.copy(out, used)
        used = end
        writeTail()
        return
      }
      const type = typeAt(out, start, end)
      if (type === undefined || isBroken(out, start, end) || type === 'message_stop') {
        const event = cleaned(Buffer.from(out.subarray(start, end)))
        writeEvent(event.type, event.bytes)
        return
      }
      guess = headOf(type)
      out.copyWithin(used + guess.written.length, start, end)
      used += guess.written.copy(out, used) + end - start
      writeTail()
    },
    addEvent(type, json) {
      writeEvent(type, Buffer.from(json))
    },
    take() {
      if (used === 0) return undefined
      const bytes = out.subarray(0, used)
      // Who gets the bytes may keep them: the next ones are written behind them, until there is no room.
      out = out.subarray(used)
      used = 0
      return bytes
    },
  }

  function writeEvent(type: string, bytes: Buffer): void {
    reserve(bytes.length)
    used += headOf(type).written.copy(out, used)
    used += bytes.copy(out, used)
    writeTail()
  }

  function headOf(type: string): Head {
    let head = heads.get(type)
    if (head === undefined) {
      head = { written: Buffer.from(`event: ${type}\ndata: `), eventStart: Buffer.from(`{"type":"${type}"`) }
      // A type that is unknown today still passes; a flood of made-up ones is not kept.
      if (heads.size < 32) heads.set(type, head)
    }
    return head
  }

  function writeTail(): void {
    out[used] = LINE_FEED
    out[used + 1] = LINE_FEED
    used += TAIL_BYTES
  }

  function reserve(bytes: number): void {
    const wanted = used + HEAD_BYTES_MAX + bytes + TAIL_BYTES
    if (wanted <= out.length) return
    const larger = Buffer.allocUnsafe(Math.max(wanted * 2, 16 * 1024))
    out.copy(larger, 0, 0, used)
    out = larger
  }
}

function base64Of(bytes: Buffer, start: number, end: number): string {
  if (startsWith(bytes, start, end, PAYLOAD_START)) {
    const from = start + PAYLOAD_START.length
    const quote = bytes.indexOf(QUOTE, from)
    const text = quote !== -1 && quote < end ? bytes.toString('latin1', from, quote) : ''
    // With a backslash, JSON says something else than the bytes do.
    if (text !== '' && !text.includes('\\')) return text
  }
  const payload = bytes.subarray(start, end)
  const text = readString(payload, scanTopLevel(payload).find('bytes'))
  if (text === undefined) throw new TypeError('a chunk has no bytes')
  return text
}

/** The type of an event that begins with it; undefined for one that does not. */
function typeAt(bytes: Buffer, start: number, end: number): string | undefined {
  if (!startsWith(bytes, start, end, EVENT_START)) return undefined
  const from = start + EVENT_START.length
  const quote = bytes.indexOf(QUOTE, from)
  if (quote === -1 || quote >= end || quote - from > TYPE_CHARACTERS_MAX) return undefined
  const type = bytes.toString('latin1', from, quote)
  return PLAIN_TYPE.test(type) ? type : undefined
}

const PLAIN_TYPE = /^\w+$/

/** A line break between two tokens would end the event's line early. */
function isBroken(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === LINE_FEED || bytes[at] === CARRIAGE_RETURN) return true
  return false
}

const METRICS = 'amazon-bedrock-invocationMetrics'

/** An event on one line, without what Bedrock adds to the last one. Throws for one that is no JSON object with a type. */
function cleaned(event: Buffer): { readonly type: string; readonly bytes: Buffer } {
  // In JSON a bare line break can only be space between two tokens.
  for (let at = 0; at < event.length; at += 1) {
    if (event[at] === LINE_FEED || event[at] === CARRIAGE_RETURN) event[at] = 0x20
  }
  const { members, find } = scanTopLevel(event)
  const type = readString(event, find('type'))
  if (type === undefined || !PLAIN_TYPE.test(type) || type.length > TYPE_CHARACTERS_MAX) {
    throw new TypeError('an event has no type')
  }
  const at = members.findIndex(({ name }) => name === METRICS)
  const metrics = members[at]
  if (metrics === undefined) return { type, bytes: event }
  // With the comma in front, or the one behind when it stands first.
  const start = at === 0 ? metrics.nameStart : members[at - 1]!.valueEnd
  const end = at === 0 && members.length > 1 ? members[1]!.nameStart : metrics.valueEnd
  return { type, bytes: splice(event, [{ start, end, by: Buffer.alloc(0) }]) }
}

/** Whether the bytes in `[start, end)` begin with these. */
export function startsWith(bytes: Buffer, start: number, end: number, beginning: Buffer): boolean {
  const { length } = beginning
  if (end - start < length) return false
  for (let at = 0; at < length; at += 1) if (bytes[start + at] !== beginning[at]) return false
  return true
}

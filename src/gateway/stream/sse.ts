/**
 * The events of a Messages stream that are told apart without reading their data. `other` is everything whose content
 * nobody here asks for: `ping`, `content_block_stop`, and whatever is invented next.
 */
export type EventKind =
  | 'message_start'
  | 'message_delta'
  | 'message_stop'
  | 'content_block_start'
  | 'content_block_delta'
  | 'error'
  | 'other'

export interface EventSink {
  /**
   * One event with data has come to its end. `data` is there only for kinds that are kept (see KEPT), and for events that
   * show no kind: then `kind` is undefined and the type has to be read from the data. It is valid during the call only.
   */
  event(kind: EventKind | undefined, data: Buffer | undefined, dataBytes: number): void
  /** An event that should have been kept was too large; it is skipped. */
  dropped(): void
}

export interface EventReader {
  push(chunk: Buffer): void
  /** The bytes are over: an event that lacks only its blank line counts. */
  end(): void
}

/** Kinds whose data is kept; that of all others goes by uncopied. */
const KEPT: ReadonlySet<EventKind> = new Set(['message_start', 'message_delta', 'error'])

/** Most bytes of one kept event. A `message_start` has about 500; this leaves room for whatever a host puts in there. */
export const EVENT_BYTES_MAX = 4 * 1024 * 1024

/** What a line is shows in its first bytes; no more of one is gathered when it comes in pieces. */
const LINE_HEAD_BYTES = 256

/** How far into its data an event without a name is searched for its type. */
const TYPE_WITHIN_BYTES = 128

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const COLON = 0x3a

/**
 * Splits a stream of server-sent events, however it is cut into chunks, by the rules of the HTML standard (9.2.6): lines
 * end with LF, CRLF or CR, a byte order mark may come first, several `data` lines are one text. Most bytes are looked at
 * once and never copied; memory is bounded whatever comes.
 */
export function createEventReader(sink: EventSink): EventReader {
  // The current line: what it is, or, until that is clear, its first bytes.
  let line: 'unclear' | 'data' | 'ignored' = 'unclear'
  const head = Buffer.allocUnsafe(LINE_HEAD_BYTES)
  let headBytes = 0
  let isFirstLine = true
  /** The last byte was CR: an LF that follows belongs to it. */
  let afterReturn = false

  // The current event.
  let kind: EventKind | undefined
  let hasData = false
  let dataBytes = 0
  let keeping = false
  let kept = Buffer.allocUnsafe(1024)
  let keptBytes = 0

  function push(chunk: Buffer): void {
    const { length } = chunk
    let at = 0
    while (at < length) {
      if (afterReturn) {
        afterReturn = false
        if (chunk[at] === LF) {
          at += 1
          continue
        }
      }
      const end = endOfLine(chunk, at)
      if (end === length) {
        takePiece(chunk, at, end, false)
        return
      }
      if (end === at && line === 'unclear' && headBytes === 0) endEvent()
      else endLine(chunk, at, end)
      afterReturn = chunk[end] === CR
      at = end + 1
    }
  }

  function endLine(bytes: Buffer, from: number, to: number): void {
    takePiece(bytes, from, to, true)
    line = 'unclear'
    headBytes = 0
    isFirstLine = false
  }

  /** Some bytes of the current line, `whole` if they are its last ones. */
  function takePiece(bytes: Buffer, from: number, to: number, whole: boolean): void {
    if (line !== 'unclear') return takeData(bytes, from, to)
    if (headBytes === 0 && (whole || to - from >= LINE_HEAD_BYTES)) {
      return takeData(bytes, beginLine(bytes, from, to), to)
    }
    const copied = Math.min(to - from, LINE_HEAD_BYTES - headBytes)
    bytes.copy(head, headBytes, from, from + copied)
    headBytes += copied
    if (!whole && headBytes < LINE_HEAD_BYTES) return
    takeData(head, beginLine(head, 0, headBytes), headBytes)
    takeData(bytes, from + copied, to)
  }

  /** Says what a line is, by its first bytes alone so that chunks make no difference, and where its data begins. */
  function beginLine(bytes: Buffer, start: number, to: number): number {
    const from = isFirstLine && startsWith(bytes, start, to, BYTE_ORDER_MARK) ? start + BYTE_ORDER_MARK.length : start
    line = 'ignored'
    if (from === to || bytes[from] === COLON) return to
    if (startsWith(bytes, from, to, DATA)) {
      line = 'data'
      const valueAt = afterSpace(bytes, from + DATA.length)
      beginData(bytes, valueAt, to)
      return valueAt
    }
    if (startsWith(bytes, from, to, EVENT)) {
      const named = kindOfName(bytes, afterSpace(bytes, from + EVENT.length), to)
      if (!hasData || kind === undefined) kind = named
    }
    return to
  }

  function beginData(bytes: Buffer, from: number, to: number): void {
    if (hasData) {
      takeData(LINE_BREAK, 0, 1)
      return
    }
    hasData = true
    kind ??= kindOfData(bytes, from, Math.min(to, from + TYPE_WITHIN_BYTES))
    keeping = kind === undefined || KEPT.has(kind)
  }

  function takeData(bytes: Buffer, from: number, to: number): void {
    if (line !== 'data' || from >= to) return
    dataBytes += to - from
    if (!keeping) return
    const needed = keptBytes + to - from
    if (needed > EVENT_BYTES_MAX) {
      keeping = false
      kind = 'other'
      sink.dropped()
      return
    }
    if (needed > kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, kept.length * 2))
      kept.copy(larger, 0, 0, keptBytes)
      kept = larger
    }
    bytes.copy(kept, keptBytes, from, to)
    keptBytes = needed
  }

  function endEvent(): void {
    isFirstLine = false
    if (hasData) sink.event(kind, keeping ? kept.subarray(0, keptBytes) : undefined, dataBytes)
    kind = undefined
    hasData = false
    dataBytes = 0
    keeping = false
    keptBytes = 0
  }

  return {
    push,
    end() {
      if (headBytes > 0 && line === 'unclear') endLine(head, 0, 0)
      endEvent()
    },
  }
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const DATA = Buffer.from('data:')
const EVENT = Buffer.from('event:')
const LINE_BREAK = Buffer.from('\n')

function endOfLine(bytes: Buffer, from: number): number {
  const { length } = bytes
  for (let at = from; at < length; at += 1) {
    const byte = bytes[at]!
    // One comparison settles nearly every byte.
    if (byte <= CR && (byte === LF || byte === CR)) return at
  }
  return length
}

function startsWith(bytes: Buffer, from: number, to: number, prefix: Buffer): boolean {
  if (to - from < prefix.length) return false
  for (let at = 0; at < prefix.length; at += 1) if (bytes[from + at] !== prefix[at]) return false
  return true
}

function afterSpace(bytes: Buffer, at: number): number {
  return bytes[at] === SPACE ? at + 1 : at
}

const KINDS: ReadonlyMap<string, EventKind> = new Map(
  (
    ['message_start', 'message_delta', 'message_stop', 'content_block_start', 'content_block_delta', 'error'] as const
  ).map((kind) => [kind, kind]),
)

const CONTENT_BLOCK_DELTA = Buffer.from('content_block_delta')

/** `message` is what an event is called that was given no name, so it says nothing. */
function kindOfName(bytes: Buffer, from: number, to: number): EventKind | undefined {
  // Nearly all events have this name, and comparing bytes is cheaper than making a string.
  if (to - from === CONTENT_BLOCK_DELTA.length && startsWith(bytes, from, to, CONTENT_BLOCK_DELTA)) {
    return 'content_block_delta'
  }
  const name = bytes.toString('latin1', from, Math.min(to, from + LINE_HEAD_BYTES))
  return name === '' || name === 'message' ? undefined : (KINDS.get(name) ?? 'other')
}

/** The type, where the data begins with it, as it does at Anthropic. */
function kindOfData(bytes: Buffer, from: number, to: number): EventKind | undefined {
  const type = /^\s*\{\s*"type"\s*:\s*"(\w+)"/.exec(bytes.toString('latin1', from, to))?.[1]
  return type === undefined ? undefined : (KINDS.get(type) ?? 'other')
}

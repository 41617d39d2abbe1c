import { crc32 } from 'node:zlib'

/*
 * The frames of `application/vnd.amazon.eventstream`: total length, length of the headers, CRC-32 of these eight bytes, headers, payload,
 * CRC-32 of everything before it; numbers are big-endian.
 */

/** Bytes that are no frame: damaged, cut, or larger than any that a provider sends. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

/**
 * Takes one whole frame whose checksums are right: its headers lie in `[headersStart, payloadStart)`, its payload in `[payloadStart, end)`.
 * The bytes are only lent. Positions rather than views, because a stream has thousands of frames.
 */
export type TakeFrame = (bytes: Buffer, headersStart: number, payloadStart: number, end: number) => void

/** Finds frames in bytes that are cut anywhere. Both throw `FrameError`; after that the reader is of no more use. */
export interface FrameReader {
  push(chunk: Buffer): void
  /** The stream has ended: throws if that was inside a frame. */
  end(): void
}

/** AWS allows 16 MiB for a message; what nobody sends is not waited for. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024

const PRELUDE_BYTES = 12
const CHECKSUM_BYTES = 4
const FRAME_BYTES_MIN = PRELUDE_BYTES + CHECKSUM_BYTES

export function createFrameReader(take: TakeFrame): FrameReader {
  /** The beginning of a frame whose rest has not come; as large as the frame once its length is known. */
  let begun: Buffer = Buffer.alloc(0)
  let begunBytes = 0

  return {
    push(chunk) {
      let at = begunBytes === 0 ? 0 : finishBegun(chunk)
      while (chunk.length - at >= PRELUDE_BYTES) {
        if (chunk.length - at < chunk.readUInt32BE(at)) break
        // The checksum of a whole frame covers its prelude too.
        const total = plausibleLength(chunk, at)
        hand(chunk, at, total)
        at += total
      }
      if (at < chunk.length) keep(chunk, at)
    },
    end() {
      if (begunBytes > 0) throw new FrameError('the stream ends inside a frame')
    },
  }

  /** Fills up the frame that an earlier chunk began; returns how much of this chunk it took. */
  function finishBegun(chunk: Buffer): number {
    let at = 0
    if (begunBytes < PRELUDE_BYTES) {
      at = fill(chunk, at, PRELUDE_BYTES)
      if (begunBytes < PRELUDE_BYTES) return at
      begun = grown(begun, checkedLength(begun, 0))
    }
    const total = begun.length
    at = fill(chunk, at, total)
    if (begunBytes < total) return at
    begunBytes = 0
    hand(begun, 0, total)
    return at
  }

  function fill(chunk: Buffer, from: number, upTo: number): number {
    const taken = chunk.copy(begun, begunBytes, from, from + upTo - begunBytes)
    begunBytes += taken
    return from + taken
  }

  function keep(chunk: Buffer, from: number): void {
    const left = chunk.length - from
    begun = Buffer.allocUnsafe(left < PRELUDE_BYTES ? PRELUDE_BYTES : checkedLength(chunk, from))
    begunBytes = chunk.copy(begun, 0, from)
  }

  function hand(bytes: Buffer, start: number, total: number): void {
    const end = start + total - CHECKSUM_BYTES
    if (crc32(bytes.subarray(start, end)) !== bytes.readUInt32BE(end)) {
      throw new FrameError('the checksum of a frame is wrong')
    }
    const headersStart = start + PRELUDE_BYTES
    take(bytes, headersStart, headersStart + bytes.readUInt32BE(start + 4), end)
  }
}

/** The length that a frame gives itself, once its prelude is known to be undamaged. */
function checkedLength(bytes: Buffer, start: number): number {
  if (crc32(bytes.subarray(start, start + 8)) !== bytes.readUInt32BE(start + 8)) {
    throw new FrameError('the checksum of a frame’s prelude is wrong')
  }
  return plausibleLength(bytes, start)
}

function plausibleLength(bytes: Buffer, start: number): number {
  const total = bytes.readUInt32BE(start)
  if (total > FRAME_BYTES_MAX) throw new FrameError(`a frame of ${total} bytes is larger than any may be`)
  if (total < FRAME_BYTES_MIN + bytes.readUInt32BE(start + 4))
    throw new FrameError('a frame is shorter than its headers')
  return total
}

function grown(bytes: Buffer, length: number): Buffer {
  const larger = Buffer.allocUnsafe(length)
  bytes.copy(larger)
  return larger
}

/** What the types of header values weigh; strings and byte arrays (6 and 7) have a length of two bytes of their own. */
const VALUE_BYTES: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16]
const STRING_TYPE = 7

/** The headers of a frame that are strings: all that Bedrock sends. Throws `FrameError` for bytes that are none. */
export function readFrameHeaders(bytes: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  let at = 0
  while (at < bytes.length) {
    const nameEnd = at + 1 + bytes[at]!
    const type = bytes[nameEnd]
    const name = bytes.toString('utf8', at + 1, nameEnd)
    if (type === undefined || type >= VALUE_BYTES.length) throw new FrameError('a header of a frame cannot be read')
    let valueStart = nameEnd + 1
    let length = VALUE_BYTES[type]
    if (length === undefined) {
      if (valueStart + 2 > bytes.length) throw new FrameError('a header of a frame is cut')
      length = bytes.readUInt16BE(valueStart)
      valueStart += 2
    }
    at = valueStart + length
    if (at > bytes.length) throw new FrameError('a header of a frame is cut')
    if (type === STRING_TYPE) headers.set(name, bytes.toString('utf8', valueStart, at))
  }
  return headers
}

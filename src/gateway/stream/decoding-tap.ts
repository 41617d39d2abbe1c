import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib'
import type { Transform } from 'node:stream'
import type { AnswerTap } from './answer-tap.ts'

/** Most decoded bytes of one answer: far above any answer, far below what a few crafted kilobytes can unfold to. */
const DECODED_BYTES_MAX = 64 * 1024 * 1024

/** Most bytes that may wait for the decoder: it works on another thread, and must not fall behind without end. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024

/**
 * Feeds a decoded copy of a compressed answer to a tap. We ask upstreams for plain bytes, but not all of them listen; what
 * goes to the client stays as it came and is never delayed. An encoding that is unknown, or bytes that do not decode,
 * make the tap abandoned.
 *
 * `encoding` is the value of `content-encoding`. Decoding takes its time, so facts trail behind the bytes until `seen`.
 */
export function createDecodingTap(encoding: string, tap: AnswerTap): AnswerTap {
  const coding = encoding.trim().toLowerCase()
  if (coding === '' || coding === 'identity') return tap

  let decoder: Transform | undefined
  let abandoned = !CODINGS.has(coding)
  let decodedBytes = 0
  let settled = false
  let whenSettled: (() => void) | undefined

  function start(firstByte: number): Transform {
    const stream = createDecoder(coding, firstByte)
    stream.on('data', (bytes: Buffer) => {
      if (settled) return
      decodedBytes += bytes.length
      if (decodedBytes > DECODED_BYTES_MAX) abandon()
      else tap.push(bytes)
    })
    stream.on('end', settle)
    stream.on('error', abandon)
    return stream
  }

  function abandon(): void {
    abandoned = true
    settle()
  }

  function settle(): void {
    if (settled) return
    settled = true
    decoder?.destroy()
    tap.end(whenSettled)
  }

  return {
    push(chunk) {
      if (abandoned || settled || chunk.length === 0) return
      decoder ??= start(chunk[0]!)
      decoder.write(chunk)
      if (decoder.writableLength > WAITING_BYTES_MAX) abandon()
    },
    end(seen) {
      if (settled) return seen?.()
      whenSettled = seen
      if (decoder === undefined) settle()
      else decoder.end()
    },
    get started() {
      return tap.started
    },
    get contentStarted() {
      return tap.contentStarted
    },
    get finished() {
      return tap.finished
    },
    get stopReason() {
      return tap.stopReason
    },
    get modelServed() {
      return tap.modelServed
    },
    get errorEvent() {
      return tap.errorEvent
    },
    get abandoned() {
      return abandoned || tap.abandoned
    },
    get outputEstimate() {
      return tap.outputEstimate
    },
    get inputReported() {
      return tap.inputReported
    },
    get outputReported() {
      return tap.outputReported
    },
    report: () => tap.report(),
  }
}

const CODINGS: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd'])

/** Each decoder gives what it has when the answer is cut, instead of calling that an error: the tap knows what is missing. */
function createDecoder(coding: string, firstByte: number): Transform {
  switch (coding) {
    case 'br':
      return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH })
    case 'zstd':
      return createZstdDecompress({ finishFlush: constants.ZSTD_e_flush })
    case 'deflate':
      // RFC 9110 means the zlib format, whose first byte ends in 8; some servers send the bare one.
      return (firstByte & 0x0f) === 8
        ? createInflate({ finishFlush: constants.Z_SYNC_FLUSH })
        : createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH })
    default:
      return createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })
  }
}

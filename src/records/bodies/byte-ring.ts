import { byteLength, copyPieces } from '../../core/pieces.ts'

/*
 * A ring of shared memory by which one thread gives bytes to another. Fresh memory for every body would cost the giving
 * thread more than the copying: 300 KB take some 70 µs of page faults, and every one of them hurries the garbage collector.
 */

/** What both threads hold; to be sent to the other one once. */
export interface RingMemory {
  readonly bytes: SharedArrayBuffer
  /** One number: how far the reader has come, counted as `RingSlice.end` is. */
  readonly taken: SharedArrayBuffer
}

/** Where some bytes lie. */
export interface RingSlice {
  readonly offset: number
  readonly length: number
  /** How much had been written with them since the beginning, modulo 2^32. */
  readonly end: number
}

export interface RingWriter {
  readonly memory: RingMemory
  /** Copies the pieces into the ring, one behind the other. Undefined when it has no room for them now. */
  put(pieces: readonly Uint8Array[]): RingSlice | undefined
}

export interface RingReader {
  /** Copies the bytes out, and gives their room back. Slices have to be taken in the order in which they were put. */
  take(slice: RingSlice): Buffer
}

/** `size` in bytes: a power of two, so that counting modulo 2^32 keeps its place. */
export function createRingWriter(size: number): RingWriter {
  const memory = { bytes: new SharedArrayBuffer(size), taken: new SharedArrayBuffer(4) }
  const ring = new Uint8Array(memory.bytes)
  const taken = new Uint32Array(memory.taken)
  let written = 0
  return {
    memory,
    put(pieces) {
      const length = byteLength(pieces)
      const at = written % size
      // Bytes lie in one piece: what does not fit before the end goes to the beginning.
      const skipped = at + length > size ? size - at : 0
      const waiting = (written - Atomics.load(taken, 0)) >>> 0
      if (waiting + skipped + length > size) return undefined
      const offset = skipped > 0 ? 0 : at
      copyPieces(pieces, ring, offset)
      written = (written + skipped + length) >>> 0
      return { offset, length, end: written }
    },
  }
}

export function createRingReader(memory: RingMemory): RingReader {
  const ring = new Uint8Array(memory.bytes)
  const taken = new Uint32Array(memory.taken)
  return {
    take({ offset, length, end }) {
      const bytes = Buffer.allocUnsafeSlow(length)
      bytes.set(ring.subarray(offset, offset + length))
      Atomics.store(taken, 0, end)
      return bytes
    },
  }
}

import { decodeRanges, encodeRanges, type Range } from '../segments/range.ts'
import type { BodyKind, ByteRange, MaskedRange } from './body-reader.ts'
import { BrokenSealError, openBytes, sealBytes, type SealedPlace } from './seal.ts'

/** Which body of which exchange. */
export interface ManifestName {
  readonly exchangeId: string
  readonly kind: BodyKind
  readonly ordinal: number
}

/** What one body is made of, and how to tell whether it came out right. */
export interface Manifest {
  /** False when there was such a body and it was dropped. */
  readonly kept: boolean
  readonly bytes: number
  /** Of the bytes as they were sent, 32 of them. */
  readonly sha256: Buffer
  readonly ranges: readonly Range[]
  /** Where in the body stand bytes that were new in the session. */
  readonly fresh: readonly ByteRange[]
  readonly masked: readonly MaskedRange[]
}

/** A manifest as bytes: whether it is kept, the hash, the ranges, the fresh ranges as ranges of segment 0, and in JSON the few that are masked. */
export function encodeManifest(manifest: Manifest): Buffer {
  const { kept, bytes, sha256, ranges, fresh, masked } = manifest
  const places = encodeRanges(ranges)
  const news = encodeRanges([
    { segment: 0, offset: 0, length: bytes },
    ...fresh.map((range) => ({ segment: 0, ...range })),
  ])
  const masks = masked.length === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(masked))
  const lengths = Buffer.alloc(LENGTHS_BYTES)
  lengths.writeUInt32BE(places.length, 0)
  lengths.writeUInt32BE(news.length, 4)
  return Buffer.concat([Buffer.of(kept ? 1 : 0), sha256, lengths, places, news, masks])
}

/** Only for what `encodeManifest` has written; its seal has told so. */
export function decodeManifest(encoded: Buffer): Manifest {
  let at = 1
  const take = (length: number) => encoded.subarray(at, (at += length))
  const sha256 = take(HASH_BYTES)
  const lengths = take(LENGTHS_BYTES)
  const ranges = decodeRanges(take(lengths.readUInt32BE(0)))
  const [whole, ...fresh] = decodeRanges(take(lengths.readUInt32BE(4)))
  return {
    kept: encoded[0] === 1,
    bytes: whole!.length,
    sha256,
    ranges,
    fresh: fresh.map(({ offset, length }) => ({ offset, length })),
    masked: at === encoded.length ? [] : (JSON.parse(encoded.toString('utf8', at)) as MaskedRange[]),
  }
}

const HASH_BYTES = 32
const LENGTHS_BYTES = 8

/** The number that it is sealed under stands before the seal. Its name is authenticated with it, so that it opens for no other body. */
export function sealManifest(
  key: Buffer,
  chapter: string,
  number: number,
  name: ManifestName,
  manifest: Manifest,
): Buffer {
  const prefix = Buffer.alloc(NUMBER_BYTES)
  prefix.writeUInt32BE(number)
  return Buffer.concat([prefix, sealBytes(key, placeOf(chapter, number, name), encodeManifest(manifest))])
}

/** Throws a BrokenSealError. */
export function openManifest(key: Buffer, chapter: string, name: ManifestName, sealed: Uint8Array): Manifest {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (bytes.length < NUMBER_BYTES) throw new BrokenSealError('A manifest is cut short.')
  const place = placeOf(chapter, bytes.readUInt32BE(0), name)
  return decodeManifest(openBytes(key, place, bytes.subarray(NUMBER_BYTES)))
}

const NUMBER_BYTES = 4

function placeOf(chapter: string, number: number, { exchangeId, kind, ordinal }: ManifestName): SealedPlace {
  return { kind: 'manifest', chapter: `${chapter} ${exchangeId} ${kind} ${ordinal}`, number }
}

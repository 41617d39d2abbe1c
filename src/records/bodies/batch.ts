import { hash } from 'node:crypto'
import type {
  ShelfBatch,
  StoredChapter,
  StoredManifest,
  StoredSegment,
  StoredWords,
} from '../../store/bodies/body-shelves.ts'
import type { Added } from '../segments/chapter-index.ts'
import type { Chapter } from './chapters.ts'
import { type Manifest, type ManifestName, sealManifest } from './manifest.ts'
import { sealBytes } from './seal.ts'

/** What is on its way to one shelf, to be put there in one go. */
export interface Batch extends ShelfBatch {
  readonly chapters: StoredChapter[]
  readonly segments: StoredSegment[]
  readonly manifests: StoredManifest[]
  readonly words: StoredWords[]
  rawBytes: number
  storedBytes: number
}

export function createBatch(): Batch {
  return { chapters: [], segments: [], manifests: [], words: [], rawBytes: 0, storedBytes: 0 }
}

/** One body of an exchange: its fresh bytes as a segment, and what it is made of. */
export function writeBody(batch: Batch, chapter: Chapter, name: ManifestName, original: Buffer, added: Added): void {
  writeSegment(batch, chapter, added)
  writeManifest(batch, chapter, name, original, added)
}

export function writeSegment(batch: Batch, chapter: Chapter, { segment, fresh }: Added): void {
  if (fresh.length === 0) return
  const { id } = chapter.stored
  const sealed = sealBytes(chapter.key, { kind: 'segment', chapter: id, number: segment }, fresh)
  batch.segments.push({ chapter: id, seq: segment, sealed })
  batch.storedBytes += sealed.length
}

/** `added` says where the body's bytes lie; they may be of a segment that others lie in too. */
export function writeManifest(
  batch: Batch,
  chapter: Chapter,
  name: ManifestName,
  original: Buffer,
  { ranges, freshRanges, masked }: Added,
): void {
  putManifest(batch, chapter, name, {
    kept: true,
    bytes: original.length,
    sha256: hash('sha256', original, 'buffer'),
    ranges,
    fresh: freshRanges,
    masked,
  })
  batch.rawBytes += original.length
}

/** There was such a body, and it is not kept. */
export function writeDropped(batch: Batch, chapter: Chapter, name: ManifestName): void {
  const sha256 = hash('sha256', '', 'buffer')
  putManifest(batch, chapter, name, { kept: false, bytes: 0, sha256, ranges: [], fresh: [], masked: [] })
}

function putManifest(batch: Batch, chapter: Chapter, name: ManifestName, manifest: Manifest): void {
  const { stored, key } = chapter
  if (!chapter.isBegun) batch.chapters.push(stored)
  chapter.isBegun = true
  const sealed = sealManifest(key, stored.id, chapter.manifests, name, manifest)
  chapter.manifests += 1
  batch.manifests.push({ ...name, chapter: stored.id, sealed })
  batch.storedBytes += sealed.length
}

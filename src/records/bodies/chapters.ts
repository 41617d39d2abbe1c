import { createHash, randomBytes } from 'node:crypto'
import type { RecordRules } from '../../core/record-rules.ts'
import type { StoredChapter } from '../../store/bodies/body-shelves.ts'
import { CHAPTER_LIMITS, type ChapterIndex, createChapterIndex, type Mask } from '../segments/chapter-index.ts'
import type { Opening } from './body-protocol.ts'
import { wrapKey } from './seal.ts'

/** A chapter that is being written. */
export interface Chapter {
  readonly stored: StoredChapter
  readonly key: Buffer
  readonly index: ChapterIndex
  /** Its row is on the shelf, or on its way there. */
  isBegun: boolean
  /** Numbers of manifests are drawn here. */
  manifests: number
}

/** The chapters that this process is writing, those in memory that were used last. */
export interface Chapters {
  /** The chapter that an exchange is written to; a new one where none is in memory. */
  take(opening: Opening, workspaceKey: ChapterParent, now: number): Chapter
  /** To be called after each use, for the sake of memory. */
  settle(): void
  /** What is written of these from now on begins new chapters. */
  forget(which: (chapter: StoredChapter, shelf: string) => boolean): void
  /** Whether it was begun here, in memory or not. */
  isOurs(id: string): boolean
  readonly size: number
}

export interface ChapterParent {
  readonly id: string
  readonly key: Buffer
}

export interface ChaptersParts {
  /** Of recent bodies, in all chapters together. */
  readonly memoryBytesMax: number
  readonly maskOf: (rules: RecordRules) => Mask | undefined
}

/** So many sessions with nothing but their notes are some hundred megabytes at the very most. */
const CHAPTERS_MAX = 2_000

export function createChapters({ memoryBytesMax, maskOf }: ChaptersParts): Chapters {
  /** By shelf, scope, workspace key and masking; used last comes last. */
  const chapters = new Map<string, { readonly chapter: Chapter; readonly shelf: string; bytes: number }>()
  let bytes = 0
  let lastKey: string | undefined
  const writer = randomBytes(9).toString('base64url')

  return {
    take(opening, parent, now) {
      const { shelf, scope, rules } = opening
      const name = `${shelf} ${scope} ${parent.id} ${maskingName(rules)}`
      const known = chapters.get(name)
      const entry = known ?? { chapter: begin(opening, parent, now), shelf, bytes: 0 }
      chapters.delete(name)
      chapters.set(name, entry)
      lastKey = name
      return entry.chapter
    },
    settle() {
      const used = lastKey === undefined ? undefined : chapters.get(lastKey)
      if (used !== undefined) measure(used)
      for (const [name, entry] of chapters) {
        if (bytes <= memoryBytesMax && chapters.size <= CHAPTERS_MAX) return
        if (name === lastKey) return
        const before = entry.bytes
        entry.chapter.index.forgetBodies()
        measure(entry)
        if (chapters.size > CHAPTERS_MAX || entry.bytes === before) remove(name)
      }
    },
    forget(which) {
      for (const [name, { chapter, shelf }] of chapters) if (which(chapter.stored, shelf)) remove(name)
    },
    isOurs: (id) => id.startsWith(writer),
    get size() {
      return chapters.size
    },
  }

  function begin({ workspaceId, scope, rules }: Opening, parent: ChapterParent, now: number): Chapter {
    const id = writer + randomBytes(12).toString('base64url')
    const key = randomBytes(32)
    return {
      stored: { id, workspaceId, scope, keyId: parent.id, wrappedKey: wrapKey(parent.key, id, key), begunAt: now },
      key,
      index: createChapterIndex(CHAPTER_LIMITS, maskOf(rules)),
      isBegun: false,
      manifests: 0,
    }
  }

  function measure(entry: { readonly chapter: Chapter; bytes: number }): void {
    const now = entry.chapter.index.bytes
    bytes += now - entry.bytes
    entry.bytes = now
  }

  function remove(name: string): void {
    bytes -= chapters.get(name)?.bytes ?? 0
    chapters.delete(name)
  }
}

/** What was kept under other masking rules may not be pointed to, so each set of them has chapters of its own. */
function maskingName({ content, masking }: RecordRules): string {
  if (content !== 'masked') return content
  return createHash('sha256').update(JSON.stringify(masking)).digest('base64url')
}

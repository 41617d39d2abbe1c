import { StoreError } from '../store-error.ts'

/*
 * Where the content of exchanges lies. A shelf (records/shelf.ts) holds chapters. A chapter is what one process has kept of
 * one session on one day: its own data key, numbered segments of bytes, and manifests that say which ranges of those
 * segments make up a body. Nothing in a chapter points out of it, so a shelf can be thrown away as a whole, a session can be
 * deleted or moved by its chapters, and two processes never have to ask each other.
 *
 * All bytes are sealed before they come here. In the clear are ids and times, and the words of those who have asked for an
 * index.
 */

export interface StoredChapter {
  readonly id: string
  readonly workspaceId: string
  /** The session, or the key where there is none. */
  readonly scope: string
  /** The workspace's key that `wrappedKey` opens with. */
  readonly keyId: string
  readonly wrappedKey: Uint8Array
  /** Milliseconds since the epoch. */
  readonly begunAt: number
}

export interface StoredSegment {
  readonly chapter: string
  readonly seq: number
  readonly sealed: Uint8Array
}

/** What one body of an exchange is made of. A second one with the same exchange, kind and ordinal takes the place of the first. */
export interface StoredManifest {
  readonly exchangeId: string
  readonly kind: string
  readonly ordinal: number
  readonly chapter: string
  readonly sealed: Uint8Array
}

/** The words of an exchange's fresh text, each once, lower-cased. */
export interface StoredWords {
  readonly exchangeId: string
  readonly chapter: string
  readonly workspaceId: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly words: readonly string[]
}

export interface ShelfBatch {
  readonly chapters: readonly StoredChapter[]
  readonly segments: readonly StoredSegment[]
  readonly manifests: readonly StoredManifest[]
  readonly words: readonly StoredWords[]
}

export interface WordQuestion {
  readonly workspaceIds: readonly string[]
  /** All of them have to be there. */
  readonly words: readonly string[]
  /** Milliseconds since the epoch: from, and before. */
  readonly since: number
  readonly until: number
  readonly limit: number
}

export interface WordHit {
  readonly exchangeId: string
  readonly workspaceId: string
  readonly receivedAt: number
}

/** A shelf that is not there is like one that is empty, except to `put` and `moveScope`, which make it. Failures are StoreErrors. */
export interface BodyShelves {
  /**
   * All of it or nothing. The same batch may be put again, for whoever cannot tell whether it was. It is refused when a chapter that
   * it adds to is not there any more, because another process has deleted its session or dropped the shelf.
   */
  put(shelf: string, batch: ShelfBatch): Promise<void>
  /** Of one exchange, or none. */
  manifests(shelf: string, exchangeId: string): Promise<readonly StoredManifest[]>
  /** Of one chapter. */
  manifestsOf(shelf: string, chapter: string): Promise<readonly StoredManifest[]>
  chapter(shelf: string, id: string): Promise<StoredChapter | undefined>
  /** Those that are there, each once. */
  segments(shelf: string, chapter: string, seqs: readonly number[]): Promise<readonly StoredSegment[]>
  /** Exchanges with all the words, newest first. */
  findWords(shelf: string, question: WordQuestion): Promise<readonly WordHit[]>
  /** Everything of a session, or of a key's exchanges without one, on one shelf. */
  deleteScope(shelf: string, scope: string): Promise<void>
  /** One exchange's manifests and words, and those segments of its chapters that nobody else has a part of. */
  deleteExchange(shelf: string, exchangeId: string, segments: readonly Omit<StoredSegment, 'sealed'>[]): Promise<void>
  /** The index's words of a workspace. */
  forgetWords(shelf: string, workspaceId: string): Promise<void>
  /** Every scope on a shelf, once, with whose it is. */
  scopes(shelf: string): Promise<readonly { scope: string; workspaceId: string }[]>
  /** Takes a scope from one shelf to another, without its words. Broken off, it can be done again. */
  moveScope(from: string, to: string, scope: string): Promise<void>
  list(): Promise<readonly string[]>
  drop(shelf: string): Promise<void>
  close(): Promise<void>
}

/** Chapters that a batch adds to and does not bring along. */
export function earlierChapters({ chapters, segments, manifests }: ShelfBatch): string[] {
  const ids = new Set([...segments, ...manifests].map(({ chapter }) => chapter))
  for (const { id } of chapters) ids.delete(id)
  return [...ids]
}

/** What nobody could open any more is not kept either. */
export function chapterIsGone(): StoreError {
  return new StoreError('A chapter that was still written to has been deleted.', 'dangling')
}

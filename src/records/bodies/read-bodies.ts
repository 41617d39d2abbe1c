import { hash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import type { BodyShelves, StoredManifest, WordHit } from '../../store/bodies/body-shelves.ts'
import { createChapterIndex } from '../segments/chapter-index.ts'
import { BrokenRangesError, type Range, rebuild, sliceRanges } from '../segments/range.ts'
import { heldShelfOf, shelfDay } from '../shelf.ts'
import type { Answers } from './body-protocol.ts'
import type { BodyKind, BodyReference, BodySearch, ByteRange, KeptBody } from './body-reader.ts'
import { cutWords } from './cut-words.ts'
import type { KeyRing } from './key-ring.ts'
import { type Manifest, openManifest } from './manifest.ts'
import { BrokenSealError, openBytes, unwrapKey } from './seal.ts'

/** Reads bodies from their shelves. What it gives back is what was kept, or says why it cannot. */
export interface ShelfReader {
  list(reference: BodyReference): Promise<Answers['list']>
  read(reference: BodyReference, kind: BodyKind, ordinal: number | undefined): Promise<Answers['read']>
  compare(a: BodyReference, b: BodyReference): Promise<Answers['compare']>
  search(search: BodySearch): Promise<Answers['search']>
  /**
   * Where an exchange lies, with the segments that nobody else has a part of. Undefined when it is nowhere. Of a chapter that may still
   * be written to elsewhere they are its answers and what stood around it: whoever writes it may yet point to the others.
   */
  ownSegments(
    reference: BodyReference,
    isWrittenElsewhere: (chapter: string, shelf: string) => boolean,
  ): Promise<OwnSegments | undefined>
}

export interface ShelfReaderParts {
  readonly clock: Clock
  readonly shelves: BodyShelves
  readonly keys: KeyRing
}

/** One body's manifest, with all that is needed to read it. */
interface Found {
  readonly shelf: string
  readonly chapter: string
  readonly key: Buffer
  readonly kind: BodyKind
  readonly ordinal: number
  readonly manifest: Manifest
}

export interface OwnSegments {
  readonly shelf: string
  readonly segments: readonly { readonly chapter: string; readonly seq: number }[]
}

/** Why reading ends here. */
class Unreadable extends Error {
  readonly state: 'absent' | 'none' | 'dropped' | 'lost' | 'deleted' | 'damaged'

  constructor(state: Unreadable['state']) {
    super(state)
    this.state = state
  }
}

export function createShelfReader({ clock, shelves, keys }: ShelfReaderParts): ShelfReader {
  return {
    list: (reference) =>
      answer(async () => {
        const found = await Promise.all((await locate(reference)).map((stored) => open(reference, stored)))
        const kept = found.filter(({ manifest }) => manifest.kept)
        return { state: 'readable', bodies: kept.toSorted(inOrder).map(describe) }
      }),
    read: (reference, kind, ordinal) =>
      answer(async () => {
        const found = await find(reference, kind, ordinal)
        const content = await contentOf(found)
        return { state: 'readable', ...describe(found), content, fresh: found.manifest.fresh }
      }),
    compare: (a, b) =>
      answer(async () => {
        const [before, after] = await Promise.all([find(a, 'client_request', 0), find(b, 'client_request', 0)])
        if (before.chapter === after.chapter) {
          return { state: 'readable', fresh: notIn(before.manifest.ranges, after.manifest.ranges) }
        }
        // Two chapters know nothing of each other, so the bytes themselves are compared.
        const index = createChapterIndex()
        index.add(await contentOf(before))
        return { state: 'readable', fresh: index.add(await contentOf(after)).freshRanges }
      }),
    search,
    async ownSegments(reference, isWrittenElsewhere) {
      const located = await answer(async () => ({ state: 'located' as const, stored: await locate(reference) }))
      if (located.state !== 'located') return undefined
      const own: Found[] = []
      for (const stored of located.stored) {
        const opened = await answer(async () => ({ state: 'open' as const, found: await open(reference, stored) }))
        if (opened.state === 'absent') return undefined
        if (opened.state === 'open') own.push(opened.found)
      }
      const { shelf } = located.stored[0]!
      const segments = new Map(
        own.flatMap(({ chapter, kind, manifest }) =>
          ALONE.includes(kind) || !isWrittenElsewhere(chapter, shelf)
            ? manifest.ranges.map(({ segment: seq }) => [`${chapter} ${seq}`, { chapter, seq }] as const)
            : [],
        ),
      )
      for (const { chapter, key } of new Map(own.map((found) => [found.chapter, found])).values()) {
        for (const { exchangeId, kind, ordinal, sealed } of await shelves.manifestsOf(shelf, chapter)) {
          if (exchangeId === reference.exchangeId) continue
          const name = { exchangeId, kind: kind as BodyKind, ordinal }
          const other = await answer(async () => ({
            state: 'open' as const,
            ...openManifest(key, chapter, name, sealed),
          }))
          if (other.state === 'open') for (const { segment } of other.ranges) segments.delete(`${chapter} ${segment}`)
        }
      }
      return { shelf, segments: [...segments.values()] }
    },
  }

  async function find(reference: BodyReference, kind: BodyKind, ordinal: number | undefined): Promise<Found> {
    const all = await locate(reference)
    const stored = all
      .filter((each) => each.kind === kind && (ordinal === undefined || each.ordinal === ordinal))
      .toSorted((a, b) => a.ordinal - b.ordinal)[0]
    if (stored !== undefined) {
      const found = await open(reference, stored)
      if (!found.manifest.kept) throw new Unreadable('dropped')
      return found
    }
    // An exchange that has its envelope was kept to its end: what is not there has not been.
    const hasEnded = all.some((each) => each.kind === 'envelope')
    const isAlways = kind === 'client_request' || kind === 'envelope'
    throw new Unreadable(isAlways || (kind === 'response' && !hasEnded) ? 'lost' : 'none')
  }

  /** From the shelf that the row names, else from where content under a hold is moved to. */
  async function locate({ exchangeId, shelf }: BodyReference): Promise<readonly LocatedManifest[]> {
    if (shelf === null || shelfDay(shelf) === undefined) throw new Unreadable('none')
    for (const place of [shelf, heldShelfOf(shelf)]) {
      const stored = await shelves.manifests(place, exchangeId)
      if (stored.length > 0) return stored.map((manifest) => ({ ...manifest, shelf: place }))
    }
    throw new Unreadable('absent')
  }

  async function open({ workspaceId }: BodyReference, stored: LocatedManifest): Promise<Found> {
    const { shelf, exchangeId, ordinal } = stored
    const chapter = await shelves.chapter(shelf, stored.chapter)
    if (chapter === undefined) throw new Unreadable('damaged')
    // A row of one workspace may not open what is another's.
    if (chapter.workspaceId !== workspaceId) throw new Unreadable('absent')
    const workspaceKey = await keys.named(chapter.keyId)
    if (workspaceKey === undefined) throw new Unreadable('deleted')
    const kind = stored.kind as BodyKind
    const key = unwrapKey(workspaceKey, chapter.id, chapter.wrappedKey)
    const manifest = openManifest(key, chapter.id, { exchangeId, kind, ordinal }, stored.sealed)
    return { shelf, chapter: chapter.id, key, kind, ordinal, manifest }
  }

  async function contentOf(found: Found): Promise<Buffer> {
    const { manifest } = found
    const segments = await segmentsOf(found, manifest.ranges)
    const content = rebuild(manifest.ranges, (segment) => segments(segment))
    const isWhole = content.length === manifest.bytes
    // Each seal has been checked; the hash is of what was sent, so it cannot say more where that was masked.
    if (!isWhole || (manifest.masked.length === 0 && !hash('sha256', content, 'buffer').equals(manifest.sha256))) {
      throw new Unreadable('damaged')
    }
    return content
  }

  async function segmentsOf(
    { shelf, chapter, key }: Found,
    ranges: readonly Range[],
  ): Promise<(seq: number) => Buffer> {
    const wanted = [...new Set(ranges.map(({ segment }) => segment))]
    const stored = new Map((await shelves.segments(shelf, chapter, wanted)).map(({ seq, sealed }) => [seq, sealed]))
    return (seq) => {
      const sealed = stored.get(seq)
      if (sealed === undefined) throw new Unreadable('damaged')
      return openBytes(key, { kind: 'segment', chapter, number: seq }, sealed)
    }
  }

  async function search(question: BodySearch): Promise<Answers['search']> {
    const { workspaceIds, since, until, limit, timeoutMs } = question
    const deadline = clock.monotonic() + timeoutMs
    const words = cutWords(question.words)
    const exchangeIds: string[] = []
    if (words.length === 0) return { exchangeIds, complete: true }
    for (const day of daysBetween(await shelves.list(), since, until)) {
      const ask = { workspaceIds, words, since, until, limit: limit + 1 }
      const hits = await Promise.all(
        day.map(async (shelf) => (await shelves.findWords(shelf, ask)).map((hit) => ({ ...hit, shelf }))),
      )
      for (const hit of hits.flat().toSorted((a, b) => b.receivedAt - a.receivedAt)) {
        if (clock.monotonic() > deadline || exchangeIds.length >= limit) return { exchangeIds, complete: false }
        if (await confirm(hit, words)) exchangeIds.push(hit.exchangeId)
      }
      if (hits.some((page) => page.length > limit)) return { exchangeIds, complete: false }
    }
    return { exchangeIds, complete: true }
  }

  /** An index may lag behind what was deleted or destroyed; the bytes do not. */
  async function confirm(
    { shelf, exchangeId, workspaceId }: WordHit & { readonly shelf: string },
    words: readonly string[],
  ): Promise<boolean> {
    const reference: BodyReference = { exchangeId, workspaceId, state: 'full', shelf }
    const answered = await answer(async () => {
      const found = await find(reference, 'client_request', 0)
      // Only what was new was put into the index: the hundredth part of a body, whose seals are checked all the same.
      const { ranges, fresh: stretches } = found.manifest
      const fresh = stretches.flatMap(({ offset, length }) => sliceRanges(ranges, offset, offset + length))
      const text = rebuild(fresh, await segmentsOf(found, fresh)).toString('utf8')
      const there = new Set(cutWords(text))
      return { state: 'readable', hit: words.every((word) => there.has(word)) }
    })
    return answered.state === 'readable' && answered.hit
  }
}

type LocatedManifest = StoredManifest & { readonly shelf: string }

/** Turns what went wrong on the way into a state. What is not about this body, such as a lost connection, stays a failure. */
async function answer<Readable>(
  work: () => Promise<Readable>,
): Promise<Readable | { readonly state: Unreadable['state'] }> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Unreadable) return { state: error.state }
    if (error instanceof BrokenSealError || error instanceof BrokenRangesError) return { state: 'damaged' }
    throw error
  }
}

/** Kinds that no later body has parts of. */
const ALONE: readonly BodyKind[] = ['upstream_error', 'response', 'envelope']

const KINDS: readonly BodyKind[] = ['client_request', 'upstream_request', 'upstream_error', 'response', 'envelope']

function inOrder(a: Found, b: Found): number {
  return KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.ordinal - b.ordinal
}

function describe({ kind, ordinal, manifest: { bytes, fresh, sha256, masked } }: Found): KeptBody {
  const freshBytes = fresh.reduce((sum, { length }) => sum + length, 0)
  return { kind, ordinal, bytes, freshBytes, sha256: sha256.toString('hex'), masked }
}

/** The stretches of a body, made of the ranges `after`, whose bytes do not stand in `before` too. */
function notIn(before: readonly Range[], after: readonly Range[]): ByteRange[] {
  const known = new Map<number, Range[]>()
  for (const range of before) known.set(range.segment, [...(known.get(range.segment) ?? []), range])
  const fresh: { offset: number; length: number }[] = []
  let at = 0
  for (const { segment, offset, length } of after) {
    let from = offset
    const end = offset + length
    const add = (to: number) => {
      if (to <= from) return
      const start = at + from - offset
      const last = fresh.at(-1)
      if (last !== undefined && last.offset + last.length === start) last.length += to - from
      else fresh.push({ offset: start, length: to - from })
    }
    for (const range of (known.get(segment) ?? []).toSorted((a, b) => a.offset - b.offset)) {
      add(Math.min(range.offset, end))
      from = Math.max(from, Math.min(range.offset + range.length, end))
    }
    add(end)
    at += length
  }
  return fresh
}

/** Shelves by day, the newest first. A request is kept on the day of its arrival, or right after midnight on the next. */
function daysBetween(shelves: readonly string[], since: number, until: number): string[][] {
  const days = Map.groupBy(shelves, (shelf) => shelfDay(shelf) ?? Number.NaN)
  return [...days]
    .filter(([day]) => day + 2 * DAY_MS > since && day - DAY_MS < until)
    .toSorted(([a], [b]) => b - a)
    .map(([, ofDay]) => ofDay)
}

const DAY_MS = 86_400_000

import { createHash } from 'node:crypto'
import type {
  BodyKind,
  BodyReader,
  BodyReference,
  BodyRemover,
  ByteRange,
  MaskedRange,
} from '../../src/records/bodies/body-reader.ts'

/** Bodies in memory, in place of the worker and its shelves. */
export interface KeptBodies extends BodyReader, BodyRemover {
  /** Keeps a body; what is not said to be fresh was there before. */
  keep(exchangeId: string, kind: BodyKind, content: string | Buffer, more?: Partial<Kept>): void
  /** What was asked to be taken away, in order. */
  readonly removals: readonly string[]
}

interface Kept {
  readonly content: Buffer
  readonly ordinal: number
  readonly fresh: readonly ByteRange[]
  readonly masked: readonly MaskedRange[]
}

export function keepBodies(): KeptBodies {
  const kept = new Map<string, Kept>()
  const deleted = new Set<string>()
  const removals: string[] = []
  const place = ({ exchangeId }: Pick<BodyReference, 'exchangeId'>, kind: BodyKind, ordinal = 0) =>
    `${exchangeId} ${kind} ${ordinal}`

  const describe = (kind: BodyKind, { content, ordinal, fresh, masked }: Kept) => ({
    kind,
    ordinal,
    bytes: content.length,
    freshBytes: fresh.reduce((sum, { length }) => sum + length, 0),
    sha256: createHash('sha256').update(content).digest('hex'),
    masked,
  })

  return {
    removals,
    keep(exchangeId, kind, written, more = {}) {
      const content = Buffer.from(written)
      const whole = { content, ordinal: 0, fresh: [{ offset: 0, length: content.length }], masked: [], ...more }
      kept.set(place({ exchangeId }, kind, whole.ordinal), whole)
    },
    async list(reference) {
      if (deleted.has(reference.exchangeId)) return { state: 'deleted' }
      const found = [...kept].flatMap(([name, each]) => {
        const [id, kind] = name.split(' ')
        return id === reference.exchangeId ? [describe(kind as BodyKind, each)] : []
      })
      return found.length === 0 ? { state: 'none' } : { state: 'readable', bodies: found }
    },
    async read(reference, kind, ordinal = 0) {
      const found = kept.get(place(reference, kind, ordinal))
      if (deleted.has(reference.exchangeId)) return { state: 'deleted' }
      if (found === undefined) return { state: 'none' }
      return { state: 'readable', ...describe(kind, found), content: found.content, fresh: found.fresh }
    },
    async compare(a, b) {
      const [one, other] = [a, b].map((reference) => kept.get(place(reference, 'client_request'))?.content)
      if (one === undefined || other === undefined) return { state: 'none' }
      let same = 0
      while (same < one.length && one[same] === other[same]) same++
      return { state: 'readable', fresh: [{ offset: same, length: other.length - same }] }
    },
    search: async () => ({ exchangeIds: [], complete: true }),
    async deleteScope(workspaceId, scope, shelves) {
      removals.push(`scope ${workspaceId} ${scope} ${shelves.join(',')}`)
    },
    async deleteExchange({ exchangeId }) {
      deleted.add(exchangeId)
      removals.push(`exchange ${exchangeId}`)
    },
    async shred(workspaceId) {
      removals.push(`shred ${workspaceId}`)
    },
  }
}

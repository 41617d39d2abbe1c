import type { Database, Store } from '../../src/store/database.ts'

/** A store whose transactions do all their work and then leave no trace, while `isDry` says so. */
export function makeDryStore(store: Store, isDry: () => boolean): Store {
  return { ...store, db: withoutTrace(store.db, isDry) }
}

function withoutTrace(db: Database, isDry: () => boolean): Database {
  return new Proxy(db, {
    get(target, name) {
      if (name === 'transaction' && isDry()) return () => ({ execute: (work: Work) => runAndUndo(target, work) })
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

type Work = (tx: Database) => Promise<unknown>

async function runAndUndo(db: Database, work: Work): Promise<unknown> {
  const undone = new Error('Undone on purpose.')
  let result: unknown
  await db
    .transaction()
    .execute(async (tx) => {
      result = await work(tx)
      throw undone
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error
    })
  return result
}

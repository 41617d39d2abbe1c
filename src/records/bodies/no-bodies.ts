import type { BodyReader, BodyRemover } from './body-reader.ts'

/** Of a gateway that keeps no content: there is nothing to read, and nothing to take away. */
export const NO_BODIES: BodyReader & BodyRemover = {
  list: async () => ({ state: 'none' }),
  read: async () => ({ state: 'none' }),
  compare: async () => ({ state: 'none' }),
  search: async () => ({ exchangeIds: [], complete: true }),
  deleteScope: async () => {},
  deleteExchange: async () => {},
  shred: async () => {},
}

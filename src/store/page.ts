/** A window on a list: skip `offset`, take at most `limit`. */
export interface Window {
  readonly offset: number
  readonly limit: number
}

/** Some items of a list, and how many the whole list has. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly total: number
}

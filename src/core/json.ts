/** Byte positions of one top-level member; `[valueStart, valueEnd)` holds its value without surrounding space. */
export interface Member {
  readonly name: string
  /** Of the opening quote of the name. */
  readonly nameStart: number
  readonly valueStart: number
  readonly valueEnd: number
}

/** The top-level members of a JSON object, in the order in which they stand. */
export interface TopLevel {
  readonly members: readonly Member[]
  /** The member of that name; the last one if it stands twice, as `JSON.parse` would have it. */
  find(name: string): Member | undefined
  /** Names that stand more than once: two readers of such a body may disagree about it. */
  readonly repeated: readonly string[]
}

/** One replacement: bytes `[start, end)` give way to `by`. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly by: Buffer
}

export declare function scanTopLevel(bytes: Buffer): TopLevel

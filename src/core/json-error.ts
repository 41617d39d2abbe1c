/** Bytes that are not the JSON they should be. The message is fit for the caller; `at` is the byte where reading stopped. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
  readonly at: number

  constructor(problem: string, at: number) {
    super(`${problem} (at byte ${at})`)
    this.at = at
  }
}

/** Why the database refused, as far as a caller may want to know. */
export type StoreFault = 'duplicate' | 'dangling' | 'full' | 'gone' | 'other'

/** A statement the database refused, or a database that is not there any more. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  /**
   * `duplicate`: a unique column holds this value already. `dangling`: the row points at nothing, or others still point at
   * it. `full`: no space left. `gone`: closed, its thread has died, or its server cannot be reached, which may pass.
   */
  readonly fault: StoreFault

  constructor(message: string, fault: StoreFault, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.fault = fault
  }
}

/** Whether a write failed because a unique column already holds its value. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof StoreError && error.fault === 'duplicate'
}

/** What came of one try to deliver. */
export interface Receipt {
  readonly delivered: boolean
  /** HTTP status; undefined for e-mail, and when there was no answer. */
  readonly status: number | undefined
  /** How the answer begins, in the receiver's words. */
  readonly said: string
  /** Why it was not delivered, or not to all, in our words: nothing that the receiver wrote stands in it. */
  readonly error: string | undefined
}

export function notDelivered(error: string): Receipt {
  return { delivered: false, status: undefined, said: '', error }
}

const LF = 0x0a
const CR = 0x0d

/**
 * Knows whether the bytes so far end exactly between two server-sent events, the only place where an event of our own may
 * go. Events end with an empty line, and lines end with LF, CR LF or CR.
 */
export class EventBoundary {
  /** Line ends in a row at the very end of the bytes so far. A stream begins as if after an empty line. */
  #lineEnds = 2
  #afterCarriageReturn = false

  push(bytes: Buffer): void {
    const { length } = bytes
    if (length === 0) return
    // Only the run of line ends at the very end matters; usually the byte before it is two steps away.
    let at = length
    while (at > 0 && (bytes[at - 1] === LF || bytes[at - 1] === CR)) at--
    if (at > 0) {
      this.#lineEnds = 0
      this.#afterCarriageReturn = false
    }
    for (; at < length; at++) {
      const isSecondHalf = bytes[at] === LF && this.#afterCarriageReturn
      if (!isSecondHalf) this.#lineEnds++
      this.#afterCarriageReturn = bytes[at] === CR
    }
  }

  /** After a CR that turns out to be half of CR LF, the late LF is one more empty line: harmless. */
  get isBetweenEvents(): boolean {
    return this.#lineEnds >= 2
  }
}

import type { Unreadable } from '../../records/bodies/body-reader.ts'
import { AdminError } from '../error.ts'

const WHY: Readonly<Record<Unreadable['state'], string>> = {
  metadata: 'its content was not to be kept',
  dropped: 'there was more to be kept than could be at that moment',
  none: 'there is none',
  expired: 'its time is over',
  deleted: 'somebody has deleted it',
  lost: 'the gateway stopped before it was kept',
  damaged: 'what was kept is not what its hash says any more',
}

/** There is a record, and no content to it; `state` tells a program which of the reasons it is. */
export class UnreadableError extends AdminError {
  readonly #state: Unreadable['state']

  constructor(what: string, { state }: Unreadable) {
    super('AB08', `${what} cannot be read: ${WHY[state]}.`)
    this.#state = state
  }

  override get members() {
    return { state: this.#state }
  }
}

/** What a request's content says of it, found while it is kept. Without content, masked or not, there is no turn row. */
export interface TurnFacts {
  readonly exchangeId: string
  /** Bytes of the request that were not in its session before. */
  readonly freshBytes: number
  /** Messages in the request. */
  readonly messages: number
  /**
   * The first message that differs from the request before it in the same agent's line, cache markers removed and a string
   * taken as one text block; undefined for a first request and where earlier messages are unchanged.
   */
  readonly firstChangedMessage: number | undefined
  /** Of `tools` and of `system`, markers removed, in hex: two that are equal were equal for a prompt cache too. */
  readonly toolsHash: string | undefined
  readonly systemHash: string | undefined
  /** The beginning of the newest thing a person or tool said: at most 200 characters, without control characters, masked where content is. */
  readonly preview: string | undefined
  /** The client's own title of the session, from its title request; masked where content is. */
  readonly title: string | undefined
  /** Tools that the answer called, each once, in order. */
  readonly toolsCalled: readonly string[]
}

import type { Inbound, Reply } from './exchange.ts'

/**
 * Answers one exchange by pushing into `reply`: head, chunks, end. Before `head` it may throw (or reject with) a
 * GatewayError instead; afterwards every failure goes through `reply.fail`.
 */
export type Serve<E> = (exchange: E, reply: Reply) => void | Promise<void>

/** Wraps the rest of the pipeline: needs `In`, promises `Out` to whoever comes next. */
export type Stage<In, Out = In> = (next: Serve<Out>) => Serve<In>

/** Stages in the order in which a request meets them. Leaving one out that a later one needs does not compile. */
export interface Pipeline<E> {
  through<Out>(stage: Stage<E, Out>): Pipeline<Out>
  to(serve: Serve<E>): Serve<Inbound>
}

/** The empty pipeline: what is known is what arrived. */
export function pipeline(): Pipeline<Inbound> {
  return extend((serve) => serve)
}

function extend<E>(wrap: (serve: Serve<E>) => Serve<Inbound>): Pipeline<E> {
  return {
    through: (stage) => extend((serve) => wrap(stage(serve))),
    to: wrap,
  }
}

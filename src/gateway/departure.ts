import { GatewayError } from '../core/errors.ts'
import type { Breaker } from './exchange.ts'

/** Why the gateway itself ends an exchange: the reason of its signal when its caller may not go on. */
export class Dismissal {
  readonly error: GatewayError

  constructor(error: GatewayError) {
    this.error = error
  }
}

/** Who ended an exchange from outside: the reason of its signal, once that has fired. */
export function leaverOf({ reason }: AbortSignal): Exclude<Breaker, 'upstream'> {
  if (reason instanceof Dismissal) return 'gateway'
  return reason === 'shutdown' ? 'shutdown' : 'client'
}

/** What an exchange fails with when it is ended from outside. Unless it has left, the client is still there to read it. */
export function departureError(signal: AbortSignal): GatewayError {
  switch (leaverOf(signal)) {
    case 'client':
      return new GatewayError('gateway.unexpected', 'The client has left.')
    case 'shutdown':
      return new GatewayError(
        'gateway.draining',
        'The gateway was shut down during this exchange. Send the request again.',
        { retryAfterSeconds: 2 },
      )
    case 'gateway':
      return (signal.reason as Dismissal).error
  }
}

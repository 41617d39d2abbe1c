import { GatewayError } from '../core/errors.ts'
import type { Breaker } from './exchange.ts'

/** Who ended an exchange from outside: the reason of its signal, once that has fired. */
export function leaverOf(signal: AbortSignal): Exclude<Breaker, 'upstream'> {
  return signal.reason === 'shutdown' ? 'shutdown' : 'client'
}

/** What an exchange fails with when it is ended from outside. After a shutdown the client is still there to read it. */
export function departureError(signal: AbortSignal): GatewayError {
  return leaverOf(signal) === 'client'
    ? new GatewayError('gateway.unexpected', 'The client has left.')
    : new GatewayError('gateway.draining', 'The gateway was shut down during this exchange. Send the request again.', {
        retryAfterSeconds: 2,
      })
}

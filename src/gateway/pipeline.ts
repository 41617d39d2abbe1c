import type { Inbound } from './exchange.ts'
import type { GatewayParts } from './parts.ts'
import { send } from './send.ts'
import { type Serve, pipeline } from './stage.ts'
import { authenticate } from './stages/authenticate.ts'
import { cache } from './stages/cache.ts'
import { commit } from './stages/commit.ts'
import { hold } from './stages/hold.ts'
import { keep } from './stages/keep.ts'
import { keepAlive } from './stages/keep-alive.ts'
import { limit } from './stages/limit.ts'
import { plan } from './stages/plan.ts'
import { receive } from './stages/receive.ts'
import { record } from './stages/record.ts'
import { repair } from './stages/repair.ts'
import { retry } from './stages/retry.ts'
import { route } from './stages/route.ts'
import { withhold } from './stages/withhold.ts'

/** The life of a request, in the order in which it meets the stages. */
export function createPipeline(parts: GatewayParts): Serve<Inbound> {
  return pipeline()
    .through(record(parts)) // outermost: sees refusals too
    .through(authenticate(parts.keys)) // Inbound       → Authenticated
    .through(receive(parts.requestLimits, parts.clock)) // Authenticated → Received: only a known caller's body is read
    .through(keep(parts)) // Received      → Kept: content is handed over to be kept
    .through(plan(parts)) // Kept          → Planned
    .through(limit(parts)) // Planned       → Admitted: what its caller may send and use
    .through(keepAlive(parts.clock, parts.timeouts.pingMs)) // speaks up while the upstream is silent
    .through(cache(parts)) // may answer by itself
    .through(route(parts)) // Admitted      → Attempt, once per target
    .through(retry(parts)) // again at the same target, after a pause
    .through(repair(parts)) // again at the same target, with less
    .through(commit(parts)) // nothing is committed before the first content
    .through(hold(parts)) // Attempt       → PaidAttempt: sets aside what it may cost
    .through(withhold()) // keeps back an error that repeats our credential
    .to(send(parts)) // adapter → signer → transport, and the ledger
}

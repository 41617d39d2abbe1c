import { member, text } from '../contract/answer.ts'
import { chooseKey, chooseUrl } from './gateway-options.ts'
import { explainUnreached } from './explain-answer.ts'
import type { Machine } from './machine.ts'
import { send } from './send.ts'
import { readVersion } from './version.ts'

/** The admin API of a gateway, in the name of a key. */
export interface AdminClient {
  /** Where it is. */
  readonly url: string
  /** Throws a Refusal for everything but 200. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown>
}

/** The gateway did not do what was asked; the message says why, for whoever reads it in a terminal. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** 0 when nothing answered. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Planning reads everything and applying may take many steps. */
const TIMEOUT_MS = 300_000

/** Connects as the options, the environment or the person at the terminal say. */
export async function openAdminClient(
  options: { readonly url?: string | undefined; readonly key?: string | undefined },
  machine: Machine,
): Promise<AdminClient> {
  const target = await chooseUrl(options.url, machine)
  const key = await chooseKey(options.key, machine)
  return createAdminClient({ url: target.url, host: target.host, key, machine })
}

/** Sends the key in the header that Portkey's API knows too. */
export function createAdminClient(parts: {
  readonly url: string
  readonly host: string
  readonly key: string
  readonly machine: Machine
}): AdminClient {
  const { url, host, key, machine } = parts
  const headers = { 'user-agent': `portcullis-cli/${readVersion()}`, 'x-portkey-api-key': key }
  return {
    url,
    async ask(method, path, body) {
      const outgoing = {
        method,
        url: `${url}/v1${path}`,
        headers,
        timeoutMs: TIMEOUT_MS,
        body: body && JSON.stringify(body),
      }
      const answer = await send(outgoing, machine.clock)
      if (!answer.reached) {
        const { what, fix } = explainUnreached(answer, { url, host, notes: [], warnings: [] })
        throw new Refusal(0, `${what} ${fix}`)
      }
      if (answer.status === 200 && answer.json !== undefined) return answer.json
      const told = text(member(answer.json, 'data'), 'message') ?? text(answer.json, 'message')
      throw new Refusal(
        answer.status,
        told ?? `${url} answers ${answer.status} to ${method} /v1${path.split('?')[0]!}.`,
      )
    },
  }
}

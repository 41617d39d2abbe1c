import { UsageError } from './command.ts'
import { type TidyUrl, tidyBaseUrl } from './base-url.ts'
import { fetchedFrom } from './fetched-from.ts'
import type { Machine } from './machine.ts'

/**
 * The gateway to talk to: `--url`, else `PORTCULLIS_URL`, else the gateway this very program was fetched from with
 * `npx https://gateway/cli.tgz`, else what the person types.
 */
export async function chooseUrl(typed: string | undefined, machine: Machine): Promise<TidyUrl> {
  const given =
    typed ?? (machine.env['PORTCULLIS_URL'] || undefined) ?? fetchedFrom() ?? (await machine.ask?.line('Gateway URL: '))
  if (!given) throw new UsageError('Name the gateway with --url https://gateway.example.com')
  try {
    return tidyBaseUrl(given)
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
}

/** The key: `--key`, else `PORTCULLIS_KEY`, else asked for without showing it. */
export async function chooseKey(typed: string | undefined, machine: Machine): Promise<string> {
  const given =
    typed ?? (machine.env['PORTCULLIS_KEY'] || undefined) ?? (await machine.ask?.secret('Gateway key (not shown): '))
  const key = given?.trim()
  if (!key) throw new UsageError('Give the key with --key or in PORTCULLIS_KEY.')
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageError('The key holds spaces or characters no key has; copy it again.')
  return key
}

import { checkHost } from '../../core/hosts.ts'
import { invalid } from '../error.ts'

/** Refuses a custom host to which no credential may be sent. */
export function checkCustomHost(customHost: string | undefined, trustedHosts: readonly string[]): void {
  if (customHost === undefined) return
  const verdict = checkHost(customHost, trustedHosts)
  if (!verdict.allowed) throw invalid(`configurations.custom_host: is refused: ${verdict.reason}`)
}

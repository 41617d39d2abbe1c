import { GatewayError } from '../core/errors.ts'
import { readConfig } from './document.ts'
import type { RoutingConfig } from './routing-config.ts'

/** Configs in use at the same time, more or less; older ones are read again. */
const CONFIGS_KEPT = 500

/**
 * Reads the configs that requests bring along. A client sends the same one with every request, so what was read is kept by its text. Throws
 * `config.invalid` with every problem and its path.
 */
export function createOwnConfigReader(): (json: string) => RoutingConfig {
  const kept = new Map<string, RoutingConfig>()
  return (json) => {
    const known = kept.get(json)
    if (known !== undefined) return known
    const read = readConfig(json, { id: undefined, versionId: undefined })
    if (read.config === undefined) {
      const problems = read.problems.map(({ path, message }) => `${path} ${message}`)
      throw new GatewayError('config.invalid', `x-portkey-config: ${problems.join('; ')}`)
    }
    if (kept.size === CONFIGS_KEPT) kept.clear()
    kept.set(json, read.config)
    return read.config
  }
}

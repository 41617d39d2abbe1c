import type { AdminRoute } from '../route.ts'
import { applyConfiguration } from './apply-configuration.ts'
import { exportConfiguration } from './export-configuration.ts'
import { planConfiguration } from './plan-configuration.ts'
import { readConfigurationSchema } from './read-configuration-schema.ts'

/** The endpoints for configuration files. They work through all others, which they are handed. */
export function configurationRoutes(routes: readonly AdminRoute[]): readonly AdminRoute[] {
  return [readConfigurationSchema, exportConfiguration(routes), planConfiguration(routes), applyConfiguration(routes)]
}

import type { Id } from '../../core/ids.ts'
import type { Credential } from '../../providers/adapter.ts'
import { writeCredential } from '../../store/documents.ts'
import type { AdminParts } from '../parts.ts'
import type { Account } from './read-account.ts'

/** Secrets as they are stored: sealed for one host, and what may be shown of each. Both null when there are none. */
export function sealCredential(
  vault: Pick<AdminParts['vault'], 'seal' | 'mask'>,
  integrationId: Id<'integration'>,
  origin: string,
  credential: Credential,
): { readonly sealed: string | null; readonly masked: string | null } {
  if (Object.keys(credential).length === 0) return { sealed: null, masked: null }
  const masks = Object.entries(credential).map(([name, secret]) => [
    name,
    // The end of a key file is a bracket, which helps nobody to tell it from another.
    vault.mask(name === 'vertex_service_account_json' ? '' : secret),
  ])
  return {
    sealed: vault.seal(writeCredential(credential), integrationId, origin),
    masked: JSON.stringify(Object.fromEntries(masks)),
  }
}

/** What was kept with what was written over it. */
export function mergeSecrets(kept: Credential, written: Account['secrets']): Credential {
  return Object.fromEntries(
    Object.entries({ ...kept, ...written }).filter(([, secret]) => typeof secret === 'string' && secret !== ''),
  )
}

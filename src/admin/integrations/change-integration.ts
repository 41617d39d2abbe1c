import type { z } from 'zod'
import type { IntegrationUpdate } from '../../contract/integrations.ts'
import type { Credential } from '../../providers/adapter.ts'
import type { Database } from '../../store/database.ts'
import { readCredential, readMasks } from '../../store/documents.ts'
import * as integrations from '../../store/integrations.ts'
import { findAddress, isProviderKind } from '../../store/upstream-address.ts'
import type { AdminCaller } from '../caller.ts'
import type { Note } from '../change.ts'
import { invalid } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { describeIntegration } from './describe-integration.ts'
import { type Account, readAccount } from './read-account.ts'
import { mergeSecrets, sealCredential } from './seal-credential.ts'
import { seeIntegration } from './see-integration.ts'

/** Changes an account, and seals its secrets again where one of them is new; runs inside the caller's transaction. */
export async function changeIntegration(
  tx: Database,
  caller: AdminCaller,
  integration: integrations.Integration,
  { name, description, key, configurations }: z.output<typeof IntegrationUpdate>,
  parts: AdminParts,
  note: Note,
): Promise<void> {
  const { trustedHosts } = parts
  const shownBefore = await describeIntegration(tx, caller, integration)
  const { kind } = integration
  if (!isProviderKind(kind)) throw invalid(`This version does not have providers of the kind ${kind}.`)
  const masks = readMasks(integration.maskedCredential)
  const rewritten = key !== undefined || configurations !== undefined
  const written = { key, configurations: configurations ?? integration.configurations, masks, trustedHosts }
  const account = rewritten ? readAccount(kind, written) : { settings: integration.configurations, secrets: {} }
  const { origin: before } = findAddress(kind, integration.configurations, trustedHosts)
  const { origin: after } = findAddress(kind, account.settings, trustedHosts)
  if (after !== before) requireAllAgain(masks, account.secrets)
  const isSealedAgain = Object.keys(account.secrets).length > 0
  await integrations.updateIntegration(
    tx,
    integration.id,
    {
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(rewritten && { configurations: account.settings }),
      ...(isSealedAgain && {
        credential: sealCredential(
          parts.vault,
          integration.id,
          after,
          mergeSecrets(
            after === before ? keptBeside(account.secrets, integration, before, parts) : {},
            account.secrets,
          ),
        ),
      }),
    },
    parts.clock.now(),
  )
  const { id, workspaceId } = integration
  const changed = await describeIntegration(tx, caller, await seeIntegration(tx, caller, id))
  note({ action: 'update', resource: 'integration', id, workspaceId, before: shownBefore, after: changed })
}

/** Whoever may edit an integration does not know its credential, and must not learn it by sending it elsewhere. */
function requireAllAgain(masks: Credential, secrets: Account['secrets']): void {
  const missing = Object.keys(masks).filter((name) => !Object.hasOwn(secrets, name))
  if (missing.length === 0) return
  throw invalid(
    missing
      .map((name) => (name === 'key' ? name : `configurations.${name}`))
      .map((place) => `${place}: is required, because it is bound to its host and the host changes; send it again`)
      .join('\n'),
  )
}

/** The secrets that stay. They are opened only when there are any beside those that are written now. */
function keptBeside(
  secrets: Account['secrets'],
  { id, sealedCredential, maskedCredential }: integrations.Integration,
  origin: string,
  { vault }: AdminParts,
): Credential {
  const staying = Object.keys(readMasks(maskedCredential)).filter((name) => !Object.hasOwn(secrets, name))
  if (sealedCredential === null || staying.length === 0) return {}
  try {
    return readCredential(vault.open(sealedCredential, id, origin))
  } catch {
    throw invalid(`The stored credential does not open any more. Send every secret again: ${staying.join(', ')} too.`)
  }
}

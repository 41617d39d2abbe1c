import { Explanation, ExplainQuery } from '../../contract/explain.ts'
import { findUser } from '../../store/users.ts'
import { findKey, type ApiKey } from '../../store/keys.ts'
import { findWorkspace } from '../../store/workspaces.ts'
import { anyKeyScope } from '../api-keys/key-permissions.ts'
import { seeKey } from '../api-keys/see-key.ts'
import type { AdminCaller } from '../caller.ts'
import { invalid } from '../error.ts'
import type { AdminParts, CircuitStatus, PreviewedTarget } from '../parts.ts'
import { readLevels } from '../record-rules/read-record-rules.ts'
import { tellRules } from '../record-rules/tell-rules.ts'
import { route } from '../route.ts'
import { showBudgets, showRates } from './show-limits.ts'
import { tellVerdict } from './tell-verdict.ts'
import { whyConfig } from './why-config.ts'

/** A key may always ask about itself; about another one whoever may read that. */
export const explainKey = route({
  method: 'GET',
  path: '/explain',
  summary: 'Say what applies to a key, for a model, now',
  scope: [...anyKeyScope('read'), 'completions.write', 'models.list'],
  query: ExplainQuery,
  reply: Explanation,
  async handle({ caller, query: { key: id, model, provider } }, parts) {
    const { db } = parts.store
    const key = await findSubject(caller, id, parts)
    const { organisationId } = caller
    const workspace =
      key.workspaceId === undefined ? undefined : await findWorkspace(db, organisationId, key.workspaceId)
    const user = key.userId === undefined ? undefined : await findUser(db, organisationId, key.userId)
    const previewed = parts.preview(key.hash, { model, provider })
    const call =
      previewed.state === 'active' ? previewed.call : { configId: undefined, targets: [], refusal: undefined }
    const circuits = parts.circuits()
    const budgets = showBudgets(call.targets, user?.email, parts.limits)
    return {
      key: {
        id: key.id,
        name: key.name,
        type: key.kind,
        state: previewed.state,
        user: user?.email ?? null,
        workspace: workspace?.slug ?? null,
        metadata: previewed.state === 'active' ? { ...previewed.metadata } : {},
        scopes: [...key.scopes],
      },
      model: model ?? null,
      verdict: tellVerdict(previewed, key, budgets),
      config: { slug: call.configId ?? null, why: whyConfig(key, workspace, call.configId, provider) },
      targets: call.targets.map(({ path, serves, refusal }) => ({
        path,
        provider: serves === undefined ? null : `@${serves.providerSlug}`,
        model: serves?.model ?? null,
        wire_model: serves?.wireModel ?? null,
        circuit: circuits.find((each) => isOf(each, serves))?.state ?? null,
        refusal: refusal ?? null,
      })),
      refusal: call.refusal ?? null,
      budgets,
      rate_limits: showRates(call.targets, user?.email),
      records: tellRules(await readLevels(db, caller, key.workspaceId, key)),
    }
  },
})

/** Circuits know models as providers call them. */
function isOf({ providerId, model }: CircuitStatus, serves: PreviewedTarget['serves']): boolean {
  return providerId === serves?.providerId && model === serves.wireModel
}

async function findSubject(caller: AdminCaller, id: string | undefined, parts: AdminParts): Promise<ApiKey> {
  const { db } = parts.store
  if (id !== undefined && id !== caller.keyId) return seeKey(db, caller, id, 'read')
  const own = caller.keyId === undefined ? undefined : await findKey(db, caller.organisationId, caller.keyId)
  if (own === undefined) throw invalid('key: is required, because whoever asks has no key of a workspace')
  return own
}

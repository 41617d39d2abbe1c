import { list, text } from '../../contract/answer.ts'
import type { ConfigurationOutcome } from '../../contract/configuration.ts'
import type { Entry } from '../../contract/read-organisation.ts'
import { forgetApplied, noteApplied } from '../../store/applied.ts'
import type { AdminCaller } from '../caller.ts'
import { AdminError } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { showStep, type DrawnPlan } from './draw-plan.ts'
import { referenceOf, type Step } from './make-plan.ts'
import { callsOf } from './requests.ts'

/** What came out of a step besides being done. */
interface Made {
  readonly keys: ConfigurationOutcome['keys']
  readonly invites: ConfigurationOutcome['invites']
}

/**
 * Carries out a plan, one step after the other. The first one that fails ends it: what was done stays done, and the next plan goes on from there.
 * Never throws for a refusal of a step, because the answer carries keys that are shown once.
 */
export async function carryOut(
  plan: DrawnPlan,
  secrets: Readonly<Record<string, string>>,
  caller: AdminCaller,
  parts: AdminParts,
): Promise<ConfigurationOutcome> {
  const made: Made = { keys: [], invites: [] }
  for (const [index, step] of plan.steps.entries()) {
    try {
      await takeStep(step, plan, secrets, made, caller, parts)
    } catch (error) {
      if (!(error instanceof AdminError)) parts.report(error)
      const message = error instanceof AdminError ? error.message : 'The gateway failed on this step; see its log.'
      return {
        status: 'failed',
        done: plan.steps.slice(0, index).map(showStep),
        failed: { step: showStep(step), message },
        not_done: plan.steps.slice(index + 1).map(showStep),
        ...made,
      }
    }
  }
  return { status: 'done', done: plan.steps.map(showStep), failed: null, not_done: [], ...made }
}

async function takeStep(
  step: Step,
  plan: DrawnPlan,
  secrets: Readonly<Record<string, string>>,
  made: Made,
  caller: AdminCaller,
  parts: AdminParts,
): Promise<void> {
  const { client, names, file } = plan
  if (step.kind === 'workspace' && step.action === 'delete') await removeProviders(step, plan)
  const calls = callsOf(await withWhatIsThere(step, plan), names, valuesOf(step, secrets))
  for (const [index, { method, path, body }] of calls.entries()) {
    const answer = await client.send(method, path, body)
    // The first call is the thing itself. It is noted at once, so that it is ours even if its lists fail.
    if (index === 0) await note(step, answer, made, plan, caller, parts)
  }
  if (step.action === 'delete') {
    await forgetApplied(parts.store.db, caller.organisationId, file, { kind: step.kind, reference: referenceOf(step) })
  }
}

async function note(
  step: Step,
  answer: unknown,
  made: Made,
  { names, file }: DrawnPlan,
  caller: AdminCaller,
  parts: AdminParts,
): Promise<void> {
  if (step.action !== 'create') return
  const { kind, name, workspace } = step
  const id = kind === 'member' ? names.user(name) : (text(answer, 'id') ?? name)
  if (kind === 'workspace') names.learnWorkspace(name, id)
  if (kind === 'config') names.learnConfig(workspace ?? '', name, text(answer, 'slug') ?? id)
  if (kind === 'key') names.learnKey(workspace, name, id)
  const applied = { kind, reference: referenceOf(step), resourceId: id }
  await noteApplied(parts.store.db, caller.organisationId, file, applied, parts.clock.now())
  if (kind === 'user') await noteMemberships(name, names, { file, caller, parts })
  const key = kind === 'key' ? text(answer, 'key') : kind === 'alert-channel' ? text(answer, 'secret') : undefined
  if (key !== undefined) made.keys.push({ name: referenceOf(step), id, key })
  const link = text(answer, 'invite_link')
  if (kind === 'user' && link !== undefined) made.invites.push({ email: name, link })
}

/** They come with the invitation. */
async function noteMemberships(
  email: string,
  names: DrawnPlan['names'],
  { file, caller, parts }: { readonly file: string; readonly caller: AdminCaller; readonly parts: AdminParts },
): Promise<void> {
  for (const { workspace } of names.memberships(email)) {
    const applied = { kind: 'member', reference: `${workspace}/${email}`, resourceId: email }
    await noteApplied(parts.store.db, caller.organisationId, file, applied, parts.clock.now())
  }
}

/** The values of its secrets. All of them: a host that changes wants them again. */
function valuesOf({ wanted, action }: Step, secrets: Readonly<Record<string, string>>): Entry {
  return Object.fromEntries(
    Object.entries(wanted?.secrets ?? {})
      .filter(([, reference]) => action !== 'create' || reference !== null)
      .map(([member, reference]) => [member, reference === null ? null : secrets[reference]]),
  )
}

/** A new workspace comes with providers of the accounts that are open to all, perhaps with this one. */
async function withWhatIsThere(step: Step, { client, names }: DrawnPlan): Promise<Step> {
  if (step.kind !== 'provider' || step.action !== 'create') return step
  const place = encodeURIComponent(names.workspace(step.workspace ?? ''))
  const there = await client.get(`/providers/${encodeURIComponent(step.name)}?workspace_id=${place}`)
  if (there === undefined) return step
  const changes = step.changes.filter(({ member }) => member !== 'integration')
  return { ...step, action: 'update', changes }
}

/** Whatever is left of them nobody needs: a workspace with configs or keys of others is not removed. */
async function removeProviders({ name }: Step, { client, names }: DrawnPlan): Promise<void> {
  const place = `workspace_id=${encodeURIComponent(names.workspace(name))}`
  for (const provider of await list((path) => client.get(path), `/providers?${place}`)) {
    await client.send('DELETE', `/providers/${encodeURIComponent(text(provider, 'slug') ?? '')}?${place}`)
  }
}

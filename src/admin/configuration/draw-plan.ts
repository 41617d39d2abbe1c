import type { ConfigurationPlan } from '../../contract/configuration.ts'
import { readOrganisation, type Resource } from '../../contract/read-organisation.ts'
import { listApplied } from '../../store/applied.ts'
import type { AdminCaller } from '../caller.ts'
import type { AdminParts } from '../parts.ts'
import type { AdminRoute } from '../route.ts'
import { createAdminClient, type AdminClient } from './admin-client.ts'
import { checkNames } from './check-names.ts'
import { checkSteps } from './check-steps.ts'
import { readKeptSecrets } from './kept-secrets.ts'
import { makePlan, referenceOf, type Step } from './make-plan.ts'
import { createNames, type Names } from './names.ts'
import { readFile, type FileProblem, type ReadFile } from './read-file.ts'
import { listWanted, type SlugOf, type Wanted } from './wanted.ts'

export interface PlanRequest {
  readonly document: string
  /** By reference: `env:NAME`. */
  readonly secrets: Readonly<Record<string, string>> | undefined
  readonly prune: boolean
}

/** A plan, what is shown of it, and what it takes to carry it out. */
export interface DrawnPlan {
  readonly shown: ConfigurationPlan
  /** The name that the file gives itself; empty for one that cannot be read. */
  readonly file: string
  readonly steps: readonly Step[]
  readonly names: Names
  readonly client: AdminClient
}

interface DrawParts {
  readonly routes: readonly AdminRoute[]
  readonly caller: AdminCaller
  readonly parts: AdminParts
}

/** Compares a file with what is there. Reads only. */
export async function drawPlan(request: PlanRequest, { routes, caller, parts }: DrawParts): Promise<DrawnPlan> {
  const read = readFile(request.document)
  const client = createAdminClient(routes, withReason(caller, read.file?.name), parts)
  if (read.file === undefined) return refuse(read, read.problems, client)

  const actual = await readOrganisation((path) => client.get(path))
  const wanted = listWanted(read.file, slugsIn(actual))
  const { secrets, prune } = request
  const kept = await readKeptSecrets(actual, caller, parts)
  const plan = makePlan({
    wanted,
    actual,
    prune,
    applied: await listApplied(parts.store.db, caller.organisationId, read.file.name),
    isSecretKept(each, there, member) {
      const reference = each.secrets[member] ?? null
      const value = reference === null ? null : secrets?.[reference]
      // Without its value nothing can be said of a secret; a plan that lacks one is not carried out.
      return value === undefined || kept.isKept(there, member, value)
    },
  })
  const names = createNames(wanted, actual)
  const problems = [
    ...plan.ambiguous.map(({ wanted: { path }, message }) => ({ message, ...read.placeOf(path) })),
    ...literalReferences(read, wanted),
    ...checkSteps(wanted, actual, plan.steps, {
      client,
      names,
      trustedHosts: parts.trustedHosts,
      secrets: secrets ?? {},
    }).map(({ path, message }) => ({ message, ...read.placeOf(path) })),
    ...checkNames(plan.steps, actual).map(({ path, message }) => ({ message, ...read.placeOf(path) })),
  ]
  if (problems.length > 0) return refuse(read, problems, client)
  const complete = read.references.every(({ reference }) => secrets?.[reference] !== undefined)
  const steps = plan.steps.map(showStep)
  return {
    file: read.file.name,
    steps: plan.steps,
    names,
    client,
    shown: {
      name: read.file.name,
      plan_id: complete ? identify(plan.steps, request, parts) : null,
      references: [...read.references],
      problems: [],
      notes: [...plan.notes],
      steps,
      unchanged: plan.unchanged,
    },
  }
}

/** What a file does stands in the audit trail under its name, unless whoever applies it has said why. */
function withReason(caller: AdminCaller, file: string | undefined): AdminCaller {
  if (file === undefined || caller.origin.reason !== undefined) return caller
  return { ...caller, origin: { ...caller.origin, reason: `configuration file ${file}` } }
}

/** Slugs are taken as they are written, except for `default`, because an installation makes the slug of its first workspace itself. */
function slugsIn(actual: readonly Resource[]): SlugOf {
  const workspaces = actual.filter(({ kind }) => kind === 'workspace')
  const first = workspaces.find(({ entry }) => entry['is_default'] === true)
  return (written) =>
    written === 'default' && first !== undefined && workspaces.every(({ handle }) => handle !== written)
      ? first.handle
      : written
}

function refuse(read: ReadFile, problems: readonly FileProblem[], client: AdminClient): DrawnPlan {
  const name = read.file?.name ?? null
  const sorted = unique(problems).toSorted((one, other) => one.line - other.line || one.column - other.column)
  return {
    file: name ?? '',
    steps: [],
    names: createNames([], []),
    client,
    shown: {
      name,
      plan_id: null,
      references: [...read.references],
      problems: sorted,
      notes: [],
      steps: [],
      unchanged: 0,
    },
  }
}

function unique(problems: readonly FileProblem[]): FileProblem[] {
  return [...new Map(problems.map((each) => [`${each.path} ${each.line} ${each.message}`, each])).values()]
}

/** A reference in another place than a secret's would be taken as it stands. */
function literalReferences(read: ReadFile, wanted: readonly Wanted[]): FileProblem[] {
  const used = new Set(wanted.flatMap(({ secrets }) => Object.values(secrets)))
  return read.references
    .filter(({ reference }) => !used.has(reference))
    .map(({ path, line, column }) => ({ message: 'only secrets may be references', path, line, column }))
}

export function showStep({ action, kind, changes, ...step }: Step): ConfigurationPlan['steps'][number] {
  return {
    action,
    kind,
    name: referenceOf(step),
    changes: changes.map(({ from, to, ...change }) => ({ ...change, from: from ?? null, to: to ?? null })),
  }
}

/**
 * Two plans of one id do the same: the steps with what they change from and to, and the secrets, by their keyed hash. Whatever moves in the
 * meantime makes it another one.
 */
function identify(steps: readonly Step[], { secrets, prune }: PlanRequest, { keys }: AdminParts): string {
  const what = steps.map(({ actual, ...step }) => [
    showStep({ actual, ...step }),
    actual?.id ?? null,
    actual?.entry ?? null,
  ])
  return keys.hash(JSON.stringify([what, prune, Object.entries(secrets ?? {}).toSorted(), 'configuration plan']))
}

/** Everything as it is now, for whoever wants to write it down. */
export async function readActual({ routes, caller, parts }: DrawParts): Promise<readonly Resource[]> {
  const client = createAdminClient(routes, caller, parts)
  return readOrganisation((path) => client.get(path))
}

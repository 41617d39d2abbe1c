import type { Resource } from '../../contract/read-organisation.ts'
import { readConfig } from '../../routing/document.ts'
import type { AdminClient } from './admin-client.ts'
import type { Step } from './make-plan.ts'
import type { Names } from './names.ts'
import { callsOf } from './requests.ts'
import type { Wanted } from './wanted.ts'

export interface StepProblem {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

interface CheckParts {
  readonly client: AdminClient
  readonly names: Names
  readonly trustedHosts: readonly string[]
  /** By reference, as far as they were sent. */
  readonly secrets: Readonly<Record<string, string>>
}

/** What is wrong with a file that only the whole of it and the present state can tell. */
export function checkSteps(
  wanted: readonly Wanted[],
  actual: readonly Resource[],
  steps: readonly Step[],
  parts: CheckParts,
): readonly StepProblem[] {
  const known = createIndex(wanted, actual)
  return [
    ...wanted.flatMap((each) => checkReferences(each, known)),
    ...wanted.filter(({ kind }) => kind === 'config').flatMap((each) => checkRouting(each, known, parts.trustedHosts)),
    ...steps.flatMap((step) =>
      step.wanted === undefined ? checkDeletion(step, wanted, actual, steps) : checkStep(step, step.wanted, parts),
    ),
  ]
}

interface Index {
  has(kind: Wanted['kind'], workspace: string | undefined, name: string): boolean
}

/** What there will be: what the file makes, and what is there. */
function createIndex(wanted: readonly Wanted[], actual: readonly Resource[]): Index {
  const found = new Set<string>()
  for (const { kind, workspace = '', name } of wanted) found.add(`${kind} ${workspace} ${name.toLowerCase()}`)
  for (const { kind, workspace = '', name, handle } of actual) {
    found.add(`${kind} ${workspace} ${name.toLowerCase()}`)
    found.add(`${kind} ${workspace} ${handle.toLowerCase()}`)
  }
  return { has: (kind, workspace = '', name) => found.has(`${kind} ${workspace} ${name.toLowerCase()}`) }
}

function checkReferences({ kind, workspace, name, path, entry }: Wanted, known: Index): readonly StepProblem[] {
  const problems: StepProblem[] = []
  const expect = (
    what: Wanted['kind'],
    where: string | undefined,
    value: unknown,
    ...member: readonly PropertyKey[]
  ) => {
    if (typeof value !== 'string' || known.has(what, where, value)) return
    problems.push({
      path: [...path, ...member],
      message: `there is no ${what} ${value}${where === undefined ? '' : ` in the workspace ${where}`}`,
    })
  }
  const unAt = (value: unknown) => (typeof value === 'string' ? value.replace(/^@/, '') : value)
  if (kind === 'provider') expect('integration', undefined, entry['integration'], 'integration')
  if (kind === 'member') expect('user', undefined, name)
  if (kind === 'key') expect('user', undefined, entry['user'], 'user')
  if (kind === 'integration') {
    expect('workspace', undefined, entry['workspace'], 'workspace')
    const access = entry['workspaces']
    if (typeof access === 'object' && access !== null) {
      for (const slug of Object.keys(access)) if (slug !== '*') expect('workspace', undefined, slug, 'workspaces', slug)
    }
  }
  if (kind === 'defaults' || (kind === 'key' && workspace !== undefined)) {
    const inside = kind === 'key' ? ['defaults'] : []
    const defaults = (kind === 'key' ? (entry['defaults'] ?? {}) : entry) as Readonly<Record<string, unknown>>
    expect('provider', workspace, unAt(defaults['provider']), ...inside, 'provider')
    expect('config', workspace, defaults['config'], ...inside, 'config')
    expect('config', workspace, defaults['user_api_key_config'], ...inside, 'user_api_key_config')
  }
  return problems
}

const UNSAVED = { id: undefined, versionId: undefined }

/** A routing document, against the providers that its workspace will have. */
function checkRouting(
  { workspace, path, entry }: Wanted,
  known: Index,
  trusted: readonly string[],
): readonly StepProblem[] {
  const read = readConfig(entry['config'], UNSAVED, { mayChooseHost: { trusted } })
  if (read.problems !== undefined) {
    return read.problems.map((problem) => ({ path: [...path, ...splitPath(problem.path)], message: problem.message }))
  }
  return read.providers
    .filter(({ slug }) => !known.has('provider', workspace, slug))
    .map(({ slug, path: place }) => ({
      path: [...path, ...splitPath(place)],
      message: `there is no provider @${slug} in the workspace ${workspace}`,
    }))
}

/** `config.targets[1].retry` as names and numbers. */
function splitPath(written: string): readonly PropertyKey[] {
  return [...written.matchAll(/[^.[\]]+/g)].map(([part]) => (/^\d+$/.test(part) ? Number(part) : part))
}

/** Members of which the API says nothing better than that it does not know them. */
const FIXED: Readonly<Partial<Record<Wanted['kind'], readonly string[]>>> = {
  integration: ['ai_provider_id', 'workspace'],
  provider: ['integration'],
  key: ['type', 'user'],
  'alert-channel': ['kind'],
}

function checkStep(step: Step, wanted: Wanted, parts: CheckParts): readonly StepProblem[] {
  const { action, kind, changes } = step
  const fixed = action === 'update' ? changes.filter(({ member }) => FIXED[kind]?.includes(member)) : []
  if (fixed.length > 0) {
    return fixed.map(({ member }) => ({
      path: [...wanted.path, member],
      message: 'cannot be changed; give it another name, so that a new one is made',
    }))
  }
  const written = Object.entries(wanted.secrets).flatMap(([member, reference]) =>
    reference === null ? [] : [{ member, reference }],
  )
  const values = Object.fromEntries(
    written.map(({ member, reference }) => [member, parts.secrets[reference] ?? reference]),
  )
  // Of a secret that was not sent nothing can be said yet.
  const unknown = new Set(
    written.filter(({ reference }) => parts.secrets[reference] === undefined).map(({ member }) => member),
  )
  return callsOf(step, parts.names, values).flatMap(({ method, path, body }) =>
    method === 'DELETE' || body === undefined
      ? []
      : parts.client
          .check(method, path, body)
          .filter(({ path: place }) => !unknown.has(String(place.at(-1))))
          .flatMap(({ path: place, message }) =>
            message.split('\n').map((line) => ({ path: [...wanted.path, ...inFile(place, path)], message: line })),
          ),
  )
}

/** Where a member of a call stands in the file. */
function inFile(place: readonly PropertyKey[], path: string): readonly PropertyKey[] {
  const [first, ...rest] = place
  if (first === 'config_id') return ['config', ...rest]
  if (first === 'integration_id') return ['integration', ...rest]
  if (first === 'user_id') return ['user', ...rest]
  if (first === 'defaults' && path.startsWith('/admin/workspaces/')) return inFile(rest, '')
  if (first === 'defaults') return ['defaults', ...inFile(rest, '')]
  return place
}

/** A workspace goes only when nothing is left in it that somebody else has made, and a person only when the file needs them no more. */
function checkDeletion(
  { kind, name }: Step,
  wanted: readonly Wanted[],
  actual: readonly Resource[],
  steps: readonly Step[],
): readonly StepProblem[] {
  if (kind === 'user') {
    return wanted
      .filter((each) => each.kind === 'member' && each.name === name.toLowerCase())
      .map(({ path }) => ({ path, message: `${name} is left out under users, and would be removed` }))
  }
  if (kind !== 'workspace') return []
  const going = new Set(steps.filter(({ action }) => action === 'delete').map((step) => step.actual))
  const staying = actual.filter(
    (each) => each.workspace === name && (each.kind === 'key' || each.kind === 'config') && !going.has(each),
  )
  return staying.map((each) => ({
    path: ['workspaces'],
    message: `the workspace ${name} is left out, but holds the ${each.kind} ${each.name}, which this file did not make; delete that first`,
  }))
}

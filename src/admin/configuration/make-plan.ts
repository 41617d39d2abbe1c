import {
  INVITED,
  RESOURCE_KINDS,
  type Entry,
  type Resource,
  type ResourceKind,
} from '../../contract/read-organisation.ts'
import type { Applied } from '../../store/applied.ts'
import { isSame } from './compare.ts'
import type { Wanted } from './wanted.ts'

/** One thing to be done. */
export interface Step {
  readonly action: 'create' | 'update' | 'delete'
  readonly kind: ResourceKind
  readonly workspace: string | undefined
  readonly name: string
  /** As it is now; undefined before it is made. */
  readonly actual: Resource | undefined
  /** Undefined for a deletion. */
  readonly wanted: Wanted | undefined
  readonly changes: readonly Change[]
}

export interface Change {
  readonly member: string
  /** Both left out for secrets. */
  readonly from?: unknown
  readonly to?: unknown
  readonly secret?: 'set' | 'changed' | 'removed'
}

export interface PlanQuestion {
  readonly wanted: readonly Wanted[]
  readonly actual: readonly Resource[]
  /** What the file of this name has made before. */
  readonly applied: readonly Applied[]
  readonly prune: boolean
  /** Whether the value that a file refers to is the one that is kept. */
  isSecretKept(wanted: Wanted, actual: Resource, member: string): boolean
}

export interface Plan {
  readonly steps: readonly Step[]
  readonly unchanged: number
  readonly notes: readonly string[]
  /** Names that mean more than one thing. */
  readonly ambiguous: readonly { readonly wanted: Wanted; readonly message: string }[]
}

/** What has to be done so that things are as a file wants them: first what others need, and what goes away last, the other way round. */
export function makePlan(question: PlanQuestion): Plan {
  const notes: string[] = []
  const ambiguous: { wanted: Wanted; message: string }[] = []
  const find = createFinder(question, (wanted, message) => ambiguous.push({ wanted, message }))
  const matches = question.wanted.map((wanted) => ({ wanted, actual: find(wanted) }))
  const steps = matches.flatMap(({ wanted, actual }) => stepFor(wanted, actual, question, notes))
  const meant = new Set(matches.flatMap(({ actual }) => (actual === undefined ? [] : [actual])))
  const deletions = question.prune ? listDeletions(question, meant, notes) : []
  return {
    steps: [...inOrder(steps), ...inOrder(deletions).toReversed()],
    unchanged: question.wanted.length - steps.length,
    notes,
    ambiguous,
  }
}

/** `payments/ci` */
export function referenceOf({
  workspace,
  name,
}: {
  readonly workspace: string | undefined
  readonly name: string
}): string {
  return workspace === undefined ? name : `${workspace}/${name}`
}

/** Finds what a file means: what it made under that reference, else what has that slug or id, else the only one of that name. */
function createFinder(
  { actual, applied }: PlanQuestion,
  complain: (wanted: Wanted, message: string) => void,
): (wanted: Wanted) => Resource | undefined {
  const made = new Map(applied.map((each) => [`${each.kind} ${each.reference}`, each.resourceId]))
  const places = Map.groupBy(actual, ({ kind, workspace }) => `${kind} ${workspace ?? ''}`)
  return (wanted) => {
    const likes = places.get(`${wanted.kind} ${wanted.workspace ?? ''}`) ?? []
    const id = made.get(`${wanted.kind} ${referenceOf(wanted)}`)
    const known = likes.find((each) => each.id === id) ?? likes.find((each) => isCalled(each, wanted.name))
    if (known !== undefined || BY_SLUG_ONLY.has(wanted.kind)) return known
    const alike = likes.filter(({ entry }) => entry['name'] === (wanted.entry['name'] ?? wanted.name))
    if (alike.length > 1)
      complain(wanted, `means ${alike.length} things of this name; write the slug or id of one instead`)
    return alike[0]
  }
}

function isCalled({ name, handle }: Resource, wanted: string): boolean {
  return handle === wanted || name === wanted || (name.includes('@') && name.toLowerCase() === wanted)
}

/** What a file calls a thing is its name when it is made, unless the file says another one. */
const NAMELESS: ReadonlySet<ResourceKind> = new Set(['organisation', 'defaults', 'user', 'member'])

const BY_SLUG_ONLY: ReadonlySet<ResourceKind> = new Set(['integration', 'provider', 'workspace', 'user', 'member'])

function stepFor(
  written: Wanted,
  actual: Resource | undefined,
  question: PlanQuestion,
  notes: string[],
): readonly Step[] {
  const { kind, workspace, name } = written
  const isNamed = actual !== undefined || NAMELESS.has(kind)
  const wanted = isNamed ? written : { ...written, entry: { name, ...written.entry } }
  if (actual?.handle === INVITED) {
    if (!isSame('role', wanted.entry['role'], actual.entry['role']))
      notes.push(`${name} has not accepted the invitation yet; the role is set when they have.`)
    return []
  }
  if (kind === 'member' && !question.actual.some((each) => isAccepted(each, name))) {
    // The invitation brings its memberships with it; one that is out already cannot be changed.
    if (question.actual.some((each) => each.kind === 'user' && each.name.toLowerCase() === name)) {
      notes.push(`${name} has not accepted the invitation yet and joins ${workspace} with the plan after that.`)
    }
    return []
  }
  const changes = [
    ...Object.entries(wanted.entry)
      .filter(([member, value]) => !isMemberSame(kind, member, value, actual))
      .map(([member, to]) => ({ member, ...(actual !== undefined && { from: actual.entry[member] }), to })),
    ...secretChanges(wanted, actual, question),
  ]
  if (actual !== undefined && changes.length === 0) return []
  // A workspace always has its defaults, empty as they may be.
  const action = actual === undefined && kind !== 'defaults' ? 'create' : 'update'
  if (action === 'update' && changes.length === 0) return []
  return [{ action, kind, workspace, name, actual, wanted, changes }]
}

function isAccepted({ kind, name, handle }: Resource, email: string): boolean {
  return kind === 'user' && handle !== INVITED && name.toLowerCase() === email
}

/** Members that the platform completed or that a file leaves out are no difference. */
function isMemberSame(kind: ResourceKind, member: string, wanted: unknown, actual: Resource | undefined): boolean {
  if (actual === undefined) return wanted === null
  const there = actual.entry[member]
  const isPartial =
    member === 'configurations' || (kind === 'key' && (member === 'defaults' || member === 'rotation_policy'))
  if (!isPartial || typeof wanted !== 'object' || wanted === null) return isSame(member, wanted, there)
  return Object.entries(wanted).every(([name, value]) => isSame(name, value, (there as Entry | undefined)?.[name]))
}

function secretChanges(
  wanted: Wanted,
  actual: Resource | undefined,
  { isSecretKept }: PlanQuestion,
): readonly Change[] {
  return Object.entries(wanted.secrets).flatMap(([member, reference]): Change[] => {
    if (actual === undefined) return reference === null ? [] : [{ member, secret: 'set' }]
    if (isSecretKept(wanted, actual, member)) return []
    return [{ member, secret: reference === null ? 'removed' : 'changed' }]
  })
}

/** Only what the file of this name has made, and only what is still there. */
function listDeletions(
  { applied, actual, wanted }: PlanQuestion,
  meant: ReadonlySet<Resource>,
  notes: string[],
): Step[] {
  const still = new Set(wanted.map((each) => `${each.kind} ${referenceOf(each)}`))
  return applied.flatMap(({ kind, reference, resourceId }) => {
    if (still.has(`${kind} ${reference}`)) return []
    const found = actual.find((each) => each.kind === kind && isMeant(each, reference, resourceId))
    if (found === undefined || meant.has(found)) return []
    if (found.handle === INVITED && kind === 'member') {
      notes.push(`${reference} comes with an invitation that is not accepted yet; it cannot be taken back alone.`)
      return []
    }
    const { workspace, name } = found
    return [
      { action: 'delete' as const, kind: found.kind, workspace, name, actual: found, wanted: undefined, changes: [] },
    ]
  })
}

/** People are known by their addresses: what was an invitation when it was made is a person with another id now. */
function isMeant(resource: Resource, reference: string, resourceId: string): boolean {
  if (resource.kind !== 'user' && resource.kind !== 'member') return resource.id === resourceId
  return referenceOf({ ...resource, name: resource.name.toLowerCase() }) === reference
}

function inOrder(steps: readonly Step[]): readonly Step[] {
  return steps.toSorted((one, other) => RESOURCE_KINDS.indexOf(one.kind) - RESOURCE_KINDS.indexOf(other.kind))
}

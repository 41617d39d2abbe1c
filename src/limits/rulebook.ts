import { bucketOf } from './bucket.ts'
import type { Bucket, Budget, Lane, LimitedCall, Purse, RateLimit, Rulebook } from './limit.ts'
import {
  compilePolicy,
  needsTarget,
  readFact,
  type PolicyCall,
  type PolicyCondition,
  type PolicyTest,
  type ProviderKinds,
} from './policy-conditions.ts'

/** All limits that are set, as the store has them. */
export interface Rules {
  readonly limits: readonly SubjectLimit[]
  readonly policies: readonly PolicyLimit[]
  /** When buckets that were reset by hand began anew, in milliseconds since the epoch. */
  readonly resets: ReadonlyMap<Bucket, number>
  readonly providerKinds: ProviderKinds
}

/** A limit of one subject. */
export interface SubjectLimit {
  readonly limit: Budget | RateLimit
  /** What is limited; for an integration in a workspace `<integration id>:<workspace id>`. */
  readonly subjectId: string
}

/** A limit of whatever a policy's conditions name; its `workspaceId` keeps it inside a workspace. */
export interface PolicyLimit {
  readonly limit: Budget | RateLimit
  readonly conditions: readonly PolicyCondition[]
  /** Names of facts; each combination of their values has a bucket. */
  readonly groupBy: readonly string[]
}

/** Prepares all limits for questions. Answers are remembered: a session asks the same question hundreds of times. */
export function createRulebook({ limits, policies, resets, providerKinds }: Rules): Rulebook {
  const rules: Rule[] = [
    ...limits.map(({ limit, subjectId }) => ({ limit, subject: subjectName(limit.level, subjectId) })),
    ...policies.map(({ limit, conditions, groupBy }) => ({
      limit,
      policy: compilePolicy(conditions, groupBy, providerKinds),
    })),
  ]
  const purses = createShelf<Purse>(
    rules.flatMap(({ limit, ...about }) =>
      limit.kind === 'budget'
        ? [{ ...about, limit, open: (bucket: Bucket): Purse => ({ budget: limit, bucket }) }]
        : [],
    ),
  )
  const lanes = rules.flatMap(({ limit, ...about }) =>
    limit.kind === 'rate' ? [{ ...about, limit, open: (bucket: Bucket): Lane => ({ rate: limit, bucket }) }] : [],
  )
  const early = lanes.filter(isKnownEarly)
  const earlyLanes = createShelf<Lane>(early)
  const lateLanes = createShelf<Lane>(lanes.filter((lane) => !isKnownEarly(lane)))
  const byId = new Map(rules.map(({ limit }) => [limit.id, limit]))
  return {
    purses: (call) => (call.endpoint === 'count_tokens' ? NONE : purses(call)),
    lanes: ({ organisationId, workspaceId, userId, keyId }, { endpoint, metadata }) =>
      earlyLanes({ organisationId, workspaceId, userId, keyId, endpoint, metadata }),
    targetLanes: lateLanes,
    find: (limitId) => byId.get(limitId),
    resetAt: (bucket) => resets.get(bucket),
  }
}

const NONE: readonly never[] = []

/** A limit with the subject or the policy that says when it applies. */
interface Rule {
  readonly limit: Budget | RateLimit
  readonly subject?: string
  readonly policy?: PolicyTest
}

interface ShelvedRule<Found> extends Rule {
  open(bucket: Bucket): Found
}

/** Whether a rate limit can be looked at before a target is chosen. */
function isKnownEarly({ limit, policy }: Rule): boolean {
  if (policy !== undefined) return !policy.facts.some(needsTarget)
  return limit.level !== 'provider' && limit.level !== 'integration'
}

/** Callers, providers and models in use at the same time, more or less; tags may be anything, and make no more than this. */
const ANSWERS_KEPT = 4_096

/** Finds the rules that apply to a call, by its subjects and by policies. */
function createShelf<Found>(
  rules: readonly ShelvedRule<Found>[],
): (call: PolicyCall & Partial<LimitedCall>) => readonly Found[] {
  if (rules.length === 0) return () => NONE
  const bySubject = new Map<string, Found[]>()
  for (const { limit, subject, open } of rules) {
    if (subject === undefined) continue
    const found = bySubject.get(subject)
    if (found === undefined) bySubject.set(subject, [open(limit.id)])
    else found.push(open(limit.id))
  }
  const policies = rules.flatMap(({ policy, ...rule }) => (policy === undefined ? [] : [{ ...rule, policy }]))
  const facts = [...new Set(policies.flatMap(({ policy }) => policy.facts))]
  const answers = new Map<string, readonly Found[]>()

  return (call) => {
    const question = nameQuestion(call, facts)
    const known = answers.get(question)
    if (known !== undefined) return known
    const answer = find(call)
    if (answers.size >= ANSWERS_KEPT) answers.clear()
    answers.set(question, answer)
    return answer
  }

  function find(call: PolicyCall & Partial<LimitedCall>): readonly Found[] {
    const found = subjectsOf(call).flatMap((subject) => bySubject.get(subject) ?? [])
    for (const { limit, policy, open } of policies) {
      if (limit.workspaceId !== undefined && limit.workspaceId !== call.workspaceId) continue
      if (!policy.matches(call)) continue
      found.push(open(bucketOf(limit.id, policy.groupOf(call))))
    }
    return found.length === 0 ? NONE : found
  }
}

/** Two calls with the same name get the same answer: the key settles who asks, the provider where to. */
function nameQuestion(call: PolicyCall, facts: readonly string[]): string {
  let question = `${call.keyId}\n${call.providerId ?? ''}`
  for (const fact of facts) {
    const said = readFact(fact, call)
    // With its length in front no value can look like two, or like none.
    question += said === undefined ? '\n' : `\n${said.length} ${said}`
  }
  return question
}

function subjectsOf(call: PolicyCall & Partial<LimitedCall>): readonly string[] {
  const { organisationId, workspaceId, userId, keyId, providerId, integrationId } = call
  return [
    subjectName('organisation', organisationId),
    subjectName('workspace', workspaceId),
    ...(userId === undefined ? [] : [subjectName('user', userId)]),
    subjectName('key', keyId),
    ...(providerId === undefined ? [] : [subjectName('provider', providerId)]),
    ...(integrationId === undefined ? [] : [subjectName('integration', `${integrationId}:${workspaceId}`)]),
  ]
}

function subjectName(level: string, id: string): string {
  return `${level} ${id}`
}

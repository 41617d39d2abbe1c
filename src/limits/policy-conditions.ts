import { plainModelName } from '../core/model-names.ts'
import type { LimitedCall, LimitedCaller } from './limit.ts'

/*
 * To whom a policy applies, and which of its buckets a call belongs to. Both look at the same facts about a call, each by a name:
 *
 *   api_key, user, workspace_id, organisation_id
 *                                   who asks; proven by the key
 *   virtual_key, provider, model    where the attempt goes
 *   config, prompt, endpoint_type   how it was asked for
 *   metadata.<name>                 what the request's tags say; a claim, unless the key or its workspace sets the tag
 */

/** Before a target is chosen, what belongs to the target is missing. */
export type PolicyCall = LimitedCaller &
  Pick<LimitedCall, 'endpoint' | 'metadata'> &
  Partial<Pick<LimitedCall, 'providerId' | 'providerSlug' | 'model' | 'configId'>>

export interface PolicyCondition {
  readonly key: string
  /** One value or several, of which one has to fit; `*` fits everything. */
  readonly value: string | readonly string[]
  /** Turns it around. */
  readonly excludes?: boolean
}

/** What a policy's conditions and groups come to. */
export interface PolicyTest {
  /** The names of all facts that it looks at. */
  readonly facts: readonly string[]
  matches(call: PolicyCall): boolean
  /** What stands behind the `|` of a bucket; undefined for a policy that groups by nothing. */
  groupOf(call: PolicyCall): string | undefined
}

/** Kinds of providers (`bedrock`, …) by id: a condition may name them too. */
export type ProviderKinds = ReadonlyMap<string, string>

interface Fact {
  /** Known only when a target was chosen. */
  readonly needsTarget: boolean
  /** What calls are told apart by; undefined when this one has no such thing. */
  read(call: PolicyCall): string | undefined
  /** Whether a condition's value means it, where that is more than being equal. */
  means?(value: string, call: PolicyCall, kinds: ProviderKinds): boolean
}

const FACTS: Readonly<Record<string, Fact>> = {
  api_key: { needsTarget: false, read: (call) => call.keyId },
  user: { needsTarget: false, read: (call) => call.userId },
  workspace_id: { needsTarget: false, read: (call) => call.workspaceId },
  organisation_id: { needsTarget: false, read: (call) => call.organisationId },
  endpoint_type: { needsTarget: false, read: (call) => call.endpoint },
  virtual_key: {
    needsTarget: true,
    read: (call) => call.providerId,
    means: (value, call) => value === call.providerId || withoutAt(value) === call.providerSlug,
  },
  provider: {
    needsTarget: true,
    read: (call) => call.providerSlug,
    means: (value, call, kinds) =>
      withoutAt(value) === call.providerSlug || (call.providerId !== undefined && value === kinds.get(call.providerId)),
  },
  model: {
    needsTarget: true,
    // By its plain name, so that nobody gets a fresh budget by adding a date or a vendor to it.
    read: (call) => (call.model === undefined ? undefined : foldModel(call.model)),
    means: (value, call) => call.model !== undefined && isModel(fold(value), call.model, call.providerSlug),
  },
  config: { needsTarget: true, read: (call) => call.configId },
  // No request comes from a saved prompt; the name is Portkey's.
  prompt: { needsTarget: true, read: () => undefined },
}

/** Names of facts; tags are `metadata.<name>` besides. */
export const POLICY_KEYS = Object.keys(FACTS)

/** Whether a fact is known only when a target was chosen. */
export function needsTarget(key: string): boolean {
  return factOf(key).needsTarget
}

/** What a call says of a fact, as conditions look at it. */
export function readFact(key: string, call: PolicyCall): string | undefined {
  return key === 'model' ? call.model : factOf(key).read(call)
}

/** All conditions have to hold; none hold for every call. */
export function compilePolicy(
  conditions: readonly PolicyCondition[],
  groupBy: readonly string[],
  kinds: ProviderKinds,
): PolicyTest {
  const tests = conditions.map((condition) => compile(condition, kinds))
  const groups = groupBy.map(factOf)
  return {
    facts: [...new Set([...conditions.map(({ key }) => key), ...groupBy])],
    matches: (call) => tests.every((holds) => holds(call)),
    // A missing value is a bucket of its own, so that no request slips past by leaving a tag out.
    groupOf: (call) =>
      groups.length === 0 ? undefined : JSON.stringify(groups.map((fact) => fact.read(call) ?? null)),
  }
}

function compile(
  { key, value, excludes = false }: PolicyCondition,
  kinds: ProviderKinds,
): (call: PolicyCall) => boolean {
  const fact = factOf(key)
  const values = typeof value === 'string' ? [value] : value
  if (values.includes('*')) return () => !excludes
  const { means } = fact
  if (means !== undefined) return (call) => values.some((one) => means(one, call, kinds)) !== excludes
  const wanted = new Set(isTag(key) ? values.map(fold) : values)
  return (call) => {
    const said = fact.read(call)
    return (said !== undefined && wanted.has(said)) !== excludes
  }
}

const TAG = 'metadata.'

function isTag(key: string): boolean {
  return key.startsWith(TAG) && key.length > TAG.length
}

function factOf(key: string): Fact {
  const fact = Object.hasOwn(FACTS, key) ? FACTS[key] : undefined
  return fact ?? { needsTarget: false, read: (call) => readTag(key.slice(TAG.length), call) }
}

function readTag(name: string, { metadata, userId }: PolicyCall): string | undefined {
  // Portkey's name for the person; where the key proves who that is, nobody may claim to be somebody else.
  if (name === '_user' && userId !== undefined) return userId
  const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined
  return value === undefined ? undefined : fold(value)
}

/** `@provider/model`, `@provider/*`, a name, or the beginning of one before a `*`; the model also by its plain name. */
function isModel(pattern: string, model: string, providerSlug: string | undefined): boolean {
  const [, slug, name = ''] = /^(?:@([^/]+)\/)?(.*)$/s.exec(pattern) ?? []
  if (slug !== undefined && slug !== providerSlug) return false
  const said = fold(model)
  const plain = foldModel(model)
  if (!name.endsWith('*')) return name === said || name === plain
  const beginning = name.slice(0, -1)
  return said.startsWith(beginning) || plain.startsWith(beginning)
}

/** Values of tags and names of models that look alike are one. */
function fold(value: string): string {
  return value.slice(0, CHARACTERS_MAX).normalize('NFKC').toLowerCase()
}

/** By its plain name. Of the whole name: a long path in front of it must not push it out of sight, nor letters of another case. */
function foldModel(name: string): string {
  return fold(plainModelName(name.normalize('NFKC').toLowerCase()))
}

/** Of a value that names a bucket; what is longer shares the bucket of its beginning. */
const CHARACTERS_MAX = 128

function withoutAt(reference: string): string {
  return reference.startsWith('@') ? reference.slice(1) : reference
}

/* oxlint-disable unicorn/no-thenable -- A config's conditions say `then`, and nobody awaits one. */
import { NODE_MEMBERS, STRATEGY_MEMBERS, STRATEGY_MODES, unservedMember } from './config-members.ts'
import { newPatternBudget, type PatternBudget, readQuery } from './read-query.ts'
import { type HostRule, readBreaker, readSettings } from './read-settings.ts'
import {
  type ConditionalNode,
  NO_SETTINGS,
  type RoutingNode,
  type StickyRule,
  type TargetNode,
  type TargetSettings,
} from './routing-config.ts'
import {
  complain,
  type Fields,
  readBoolean,
  readChoice,
  readFields,
  readList,
  readNumber,
  readStatusCodes,
  readText,
  readTexts,
  readWholeNumber,
  suggest,
  whole,
  type Written,
} from './written.ts'

const STRATEGIES_DEEP_MAX = 16
const TARGETS_MAX = 100
const TARGETS_CONDITIONAL_MAX = 1_000
const TARGETS_NESTED_MAX = 50
const TARGETS_TOTAL_MAX = 2_000
const STICKY_SECONDS = 3_600
const STICKY_SECONDS_MAX = 2_592_000

/** A provider that a document names, and where: it has to exist in the workspace, which the document alone cannot tell. */
export interface NamedProvider {
  /** Without the `@`. */
  readonly slug: string
  /** `config.targets[0].provider` */
  readonly path: string
}

type NodeFields = Fields<(typeof NODE_MEMBERS)[number]>
type StrategyFields = Fields<(typeof STRATEGY_MEMBERS)[number]>

/** What all nodes of a document add to. */
interface Document {
  readonly hosts: HostRule | undefined
  readonly providers: NamedProvider[]
  readonly patterns: PatternBudget
  targets: number
}

/** What a node takes from those above it. */
interface Inherited {
  readonly provider: string | undefined
  readonly settings: TargetSettings
  /** Where the model that is asked for instead of the client's is written. */
  readonly modelPath: string
  readonly depth: number
}

/** Makes nodes of a document, and writes each setting down to the targets it applies to. Undefined when a problem leaves no node. */
export function compile(
  written: Written,
  hosts: HostRule | undefined,
): { readonly root: RoutingNode; readonly providers: readonly NamedProvider[] } | undefined {
  if (
    typeof written.value === 'object' &&
    written.value !== null &&
    !Array.isArray(written.value) &&
    Object.keys(written.value).length === 0
  ) {
    return complain(written, 'says nothing; name a provider, targets, a cache or a retry')
  }
  const document: Document = { hosts, providers: [], patterns: newPatternBudget(), targets: 0 }
  const root = readNode(written, { provider: undefined, settings: NO_SETTINGS, modelPath: '', depth: 0 }, document)
  return root && { root, providers: document.providers }
}

function readNode(written: Written, inherited: Inherited, document: Document): RoutingNode | undefined {
  const fields = readFields(written, NODE_MEMBERS, unservedMember)
  if (fields === undefined) return undefined
  const name = fields.name && readText(fields.name, { max: 255 })
  const { strict_open_ai_compliance, fetch_integrated_models, weight } = fields
  // Portkey has these for other endpoints; a Messages answer is always strict, and its models are those of the provider.
  for (const ignored of [strict_open_ai_compliance, fetch_integrated_models]) if (ignored) readBoolean(ignored)
  if (weight !== undefined) readWeight(weight)

  const taken: Inherited = {
    provider: readProvider(fields, document) ?? inherited.provider,
    settings: readSettings(fields, inherited.settings, document.hosts),
    modelPath: setsModel(fields.override_params) ?? inherited.modelPath,
    depth: inherited.depth + 1,
  }
  if (fields.targets === undefined) return readTarget(written, fields, name, taken, document)
  return readStrategy(written, fields.targets, fields, name, taken, document)
}

function readTarget(
  written: Written,
  fields: NodeFields,
  name: string | undefined,
  { provider, settings, modelPath }: Inherited,
  document: Document,
): TargetNode | undefined {
  if (fields.strategy !== undefined) readModeOfNothing(fields.strategy)
  if (fields.on_status_codes !== undefined) {
    complain(
      fields.on_status_codes,
      'belongs to a strategy: write it as on_status_codes of the one around these targets',
    )
  }
  document.targets += 1
  const placed = { kind: 'target', path: written.path, name } as const
  const chosen = splitModel(settings.params.overrides['model'])
  if (chosen === undefined) return { ...placed, provider, settings }

  const place = { ...written, path: modelPath }
  if (!SLUG.test(chosen.slug)) return complain(place, `names a provider that cannot be one: @${chosen.slug}`)
  if (provider !== undefined && provider !== chosen.slug) {
    return complain(place, `chooses @${chosen.slug}, but the provider of this target is @${provider}; keep one`)
  }
  document.providers.push({ slug: chosen.slug, path: place.path })
  const params = { ...settings.params, overrides: { ...settings.params.overrides, model: chosen.model } }
  return { ...placed, provider: chosen.slug, settings: { ...settings, params } }
}

function setsModel(written: Written | undefined): string | undefined {
  const { value, path } = written ?? {}
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'model') ? `${path}.model` : undefined
}

/** `single` without targets is one way to write a target; any other mode has nothing to choose from. */
function readModeOfNothing(written: Written): void {
  const strategy = readFields(written, STRATEGY_MEMBERS)
  const mode = strategy?.mode && readChoice(strategy.mode, STRATEGY_MODES)
  if (strategy !== undefined && strategy.mode === undefined) complain(written, 'needs mode')
  if (mode !== undefined && mode !== 'single') complain(written, 'needs targets beside it')
}

function readStrategy(
  written: Written,
  targets: Written,
  fields: NodeFields,
  name: string | undefined,
  inherited: Inherited,
  document: Document,
): RoutingNode | undefined {
  const { path } = written
  if (inherited.depth > STRATEGIES_DEEP_MAX) {
    return complain(targets, `is nested deeper than ${STRATEGIES_DEEP_MAX} strategies`)
  }
  if (fields.passthrough !== undefined) complain(fields.passthrough, 'belongs to a target, not to a strategy')
  const strategy = fields.strategy && readFields(fields.strategy, STRATEGY_MEMBERS)
  const mode = readMode(written, targets, fields, strategy)
  const items = readTargets(targets, mode, inherited.depth, document)
  if (items === undefined) return undefined

  const breaker = strategy?.cb_config ? readBreaker(strategy.cb_config) : inherited.settings.breaker
  const passedOn = { ...inherited, settings: { ...inherited.settings, breaker } }
  const found = items.map((item) => readNode(item, passedOn, document))
  const onStatusCodes = readMovesOn(fields, strategy)
  if (strategy !== undefined && mode !== undefined) refuseWhatMeansNothing(strategy, mode)
  const weights = mode === 'loadbalance' ? readWeights(targets, items) : undefined
  const sticky = mode === 'loadbalance' && strategy?.sticky ? readSticky(strategy.sticky) : undefined
  const branches =
    mode === 'conditional' && fields.strategy && strategy
      ? readBranches(fields.strategy, strategy, items, document)
      : undefined

  const children = whole(found)
  if (children === undefined) return undefined
  switch (mode) {
    case undefined:
      return undefined
    case 'single':
      return children[0] && { ...children[0], name: name ?? children[0].name }
    case 'fallback':
      return { kind: 'fallback', path, name, children, onStatusCodes }
    case 'loadbalance':
      return weights && { kind: 'loadbalance', path, name, children, weights, onStatusCodes, sticky }
    case 'conditional':
      return branches && { kind: 'conditional', path, name, children, ...branches }
  }
}

type Mode = (typeof STRATEGY_MODES)[number]

function readMode(
  written: Written,
  targets: Written,
  fields: NodeFields,
  strategy: StrategyFields | undefined,
): Mode | undefined {
  if (fields.strategy === undefined) {
    // One target needs no strategy.
    if (!Array.isArray(targets.value) || targets.value.length === 1) return 'single'
    return complain(written, 'needs strategy.mode: fallback, loadbalance or conditional')
  }
  if (strategy === undefined) return undefined
  if (strategy.mode === undefined) return complain(fields.strategy, `needs mode: ${STRATEGY_MODES.join(', ')}`)
  return readChoice(strategy.mode, STRATEGY_MODES)
}

function readTargets(
  targets: Written,
  mode: Mode | undefined,
  depth: number,
  document: Document,
): readonly Written[] | undefined {
  const usual = depth === 1 ? TARGETS_MAX : TARGETS_NESTED_MAX
  const items = readList(targets, { max: mode === 'conditional' ? TARGETS_CONDITIONAL_MAX : usual })
  if (items === undefined) return undefined
  if (items.length === 0) return complain(targets, 'is empty; name at least one target')
  if (document.targets + items.length > TARGETS_TOTAL_MAX) {
    return complain(targets, `brings the config to more than ${TARGETS_TOTAL_MAX} targets`)
  }
  return items
}

/** Beside `targets` is where older configs have it. */
function readMovesOn(fields: NodeFields, strategy: StrategyFields | undefined): ReadonlySet<number> | undefined {
  const [inside, beside] = [strategy?.on_status_codes, fields.on_status_codes]
  if (inside !== undefined && beside !== undefined) complain(beside, 'stands in the strategy too; keep that one')
  const codes = inside ?? beside
  return codes && readStatusCodes(codes)
}

const MODE_OF_MEMBER = {
  conditions: ['conditional'],
  default: ['conditional'],
  sticky: ['loadbalance'],
  on_status_codes: ['fallback', 'loadbalance'],
} as const satisfies Partial<Record<keyof StrategyFields, readonly Mode[]>>

/** What stands in the wrong strategy was meant to do something. */
function refuseWhatMeansNothing(strategy: StrategyFields, mode: Mode): void {
  for (const member of ['conditions', 'default', 'sticky', 'on_status_codes'] as const) {
    const written = strategy[member]
    const modes: readonly Mode[] = MODE_OF_MEMBER[member]
    if (written !== undefined && !modes.includes(mode)) {
      complain(written, `means nothing with mode ${mode}; it belongs to ${modes.join(' and ')}`)
    }
  }
}

function readWeights(targets: Written, items: readonly Written[]): readonly number[] | undefined {
  const weights = items.map(({ value }) => {
    const weight = typeof value === 'object' && value !== null && 'weight' in value ? value.weight : undefined
    return typeof weight === 'number' ? weight : 1
  })
  if (weights.some((weight) => weight > 0)) return weights
  return complain(targets, 'has no target with a weight above 0, so nothing could serve')
}

function readWeight(written: Written): number | undefined {
  return readNumber(written, { min: 0, max: Number.MAX_VALUE })
}

function readSticky(written: Written): StickyRule | undefined {
  const fields = readFields(written, ['enabled', 'hash_fields', 'ttl'])
  if (fields === undefined) return undefined
  const isEnabled = fields.enabled ? readBoolean(fields.enabled) : true
  const names = fields.hash_fields && readTexts(fields.hash_fields, { max: 20 })
  names?.forEach((name, index) => {
    if (/^(?:params|metadata|headers)\../.test(name)) return
    const path = `${fields.hash_fields?.path}[${index}]`
    complain({ ...written, path }, 'is not a field; write params.…, metadata.… or headers.…')
  })
  const seconds = { min: 1, max: STICKY_SECONDS_MAX, unit: 'seconds' }
  const ttlSeconds = (fields.ttl && readWholeNumber(fields.ttl, seconds)) ?? STICKY_SECONDS
  return isEnabled === true ? { hashFields: names ?? [], ttlSeconds } : undefined
}

function readBranches(
  place: Written,
  strategy: StrategyFields,
  items: readonly Written[],
  { patterns }: Document,
): Pick<ConditionalNode, 'conditions' | 'otherwise'> | undefined {
  const names = readNames(items)
  const listed = strategy.conditions
    ? readList(strategy.conditions, { max: TARGETS_CONDITIONAL_MAX })
    : complain(place, 'needs conditions: a list of { query, then }')
  const conditions = whole(listed?.map((item) => readBranch(item, names, patterns)))
  const otherwise = strategy.default
    ? readTargetName(strategy.default, names)
    : complain(place, 'needs default: the name of the target that serves when no condition holds')
  return conditions === undefined || otherwise === undefined ? undefined : { conditions, otherwise }
}

function readBranch(
  item: Written,
  names: ReadonlyMap<string, number>,
  patterns: PatternBudget,
): ConditionalNode['conditions'][number] | undefined {
  const fields = readFields(item, ['query', 'then'])
  if (fields === undefined) return undefined
  const query = fields.query ? readQuery(fields.query, patterns) : complain(item, 'needs query')
  const then = fields.then
    ? readTargetName(fields.then, names)
    : complain(item, 'needs then: the name of the target that serves when the query holds')
  return query === undefined || then === undefined ? undefined : { query, then }
}

/** The names of these targets, and a problem for each that stands twice. */
function readNames(items: readonly Written[]): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  for (const [index, item] of items.entries()) {
    const { value } = item
    const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined
    if (typeof name !== 'string') continue
    if (names.has(name)) complain({ ...item, path: `${item.path}.name` }, 'stands twice among these targets')
    else names.set(name, index)
  }
  return names
}

function readTargetName(written: Written, names: ReadonlyMap<string, number>): number | undefined {
  const name = readText(written, { max: 255 })
  if (name === undefined) return undefined
  const index = names.get(name)
  if (index !== undefined) return index
  const nearest = suggest(written, name, names.keys())
  const hint = nearest === undefined ? 'give one of the targets beside it this name' : `did you mean ${nearest}?`
  return complain(written, `is not the name of a target; ${hint}`)
}

/** As the admin API takes them. */
const SLUG = /^[a-z0-9][a-z0-9_-]{0,99}$/

function readProvider(fields: NodeFields, document: Document): string | undefined {
  const { provider, virtual_key, passthrough } = fields
  const key = virtual_key && readSlug(virtual_key, document)
  if (passthrough && readBoolean(passthrough) === true && (provider ?? virtual_key) !== undefined) {
    complain(passthrough, 'takes the provider from the request, so it cannot stand beside one')
  }
  if (provider === undefined) return key
  const isKind = typeof provider.value === 'string' && !provider.value.startsWith('@')
  // Beside a virtual key, Portkey's older configs repeat what kind of provider that is.
  if (isKind && virtual_key !== undefined) return key
  if (isKind && provider.value !== '') {
    return complain(
      provider,
      `is a kind of provider, not one of yours; write the slug of one, such as "@${String(provider.value)}"`,
    )
  }
  const slug = readSlug(provider, document)
  if (slug !== undefined && key !== undefined && slug !== key) {
    return complain(provider, `is not the provider of virtual_key, @${key}; keep one`)
  }
  return slug
}

function readSlug(written: Written, { providers }: Document): string | undefined {
  const text = readText(written, { max: 200 })
  if (text === undefined) return undefined
  const [slug = '', model] = text.replace(/^@/, '').split('/')
  if (model !== undefined) return complain(written, 'holds a model; write that as override_params.model')
  if (!SLUG.test(slug)) return complain(written, 'is not the slug of a provider, such as "@anthropic"')
  providers.push({ slug, path: written.path })
  return slug
}

/** `@slug/model`; `@cf/` and `@hf/` begin names of real models. */
function splitModel(value: unknown): { readonly slug: string; readonly model: string } | undefined {
  const found = typeof value === 'string' ? /^@(?!cf\/|hf\/)([^/]*)\/(.+)$/s.exec(value) : null
  const [, slug, model] = found ?? []
  return slug === undefined || model === undefined ? undefined : { slug, model }
}

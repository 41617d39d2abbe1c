import { GatewayError } from '../core/errors.ts'
import { JsonDraft } from '../core/json-draft.ts'
import { JsonError, scanTopLevel, splice, type TopLevel } from '../core/json.ts'
import type { ParamEdits, ParamPath } from './routing-config.ts'

/** A body, and where its top-level members lie. */
export interface EditedBody {
  readonly bytes: Buffer
  readonly members: TopLevel
}

/**
 * Applies a config's edits to a body: defaults where a member is missing, then overrides, then drops. Members that no edit names keep their bytes
 * and their order, new ones come last; undefined when nothing changes. Throws `request.malformed` when a drop leads into
 * a value that is no JSON, or an object with more than 1,000 members.
 */
export function applyParams(bytes: Buffer, members: TopLevel, edits: ParamEdits): EditedBody | undefined {
  const draft = JsonDraft.ofDocument(bytes, members)
  const values = valuesOf(edits, members)
  for (const path of edits.drops) {
    const [name, ...rest] = path
    if (typeof name !== 'string') continue
    if (rest.length === 0) {
      values.delete(name)
      draft.removeMember(name)
    } else if (values.has(name)) values.set(name, without(values.get(name), rest))
    else dropInside(draft, name, rest)
  }
  for (const [name, value] of values) {
    const json = JSON.stringify(value)
    const member = members.find(name)
    const isThere = member !== undefined && json === bytes.toString('utf8', member.valueStart, member.valueEnd)
    if (!isThere) draft.put(name, json)
  }
  const changes = draft.edits()
  if (changes.length === 0) return undefined
  const edited = splice(bytes, changes)
  return { bytes: edited, members: scanTopLevel(edited) }
}

/** What the config writes into this body, before drops. */
function valuesOf({ defaults, overrides }: ParamEdits, members: TopLevel): Map<string, unknown> {
  const missing = Object.entries(defaults).filter(([name]) => members.find(name) === undefined)
  return new Map([...missing, ...Object.entries(overrides)])
}

function chosen(value: JsonDraft | undefined): readonly JsonDraft[] {
  return value === undefined ? [] : [value]
}

function dropInside(draft: JsonDraft, name: string, rest: ParamPath): void {
  try {
    for (const value of chosen(draft.get(name))) drop(value, rest)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new GatewayError('request.malformed', `The request's ${name} cannot be read: ${error.message}.`, {
      cause: error,
    })
  }
}

/** Takes out what a path leads to; a path that leads nowhere takes nothing. */
function drop(value: JsonDraft, [step, ...rest]: ParamPath): void {
  if (step === undefined) return
  if (rest.length === 0 && typeof step === 'string' && value.isObject) {
    value.removeMember(step)
    return
  }
  for (const part of partsOf(value, step)) {
    if (rest.length === 0) part.remove()
    else drop(part, rest)
  }
}

function partsOf(value: JsonDraft, step: string | number): readonly JsonDraft[] {
  if (value.isObject) return typeof step === 'string' ? chosen(value.get(step)) : []
  if (step === '*') return value.elements
  return typeof step === 'number' ? chosen(value.elements[step]) : []
}

/** The same for a value that the config itself has written. */
function without(value: unknown, [step, ...rest]: ParamPath): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => {
      if (step !== '*' && step !== index) return [item]
      return rest.length === 0 ? [] : [without(item, rest)]
    })
  }
  if (typeof value !== 'object' || value === null || typeof step !== 'string') return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
      if (name !== step) return [[name, member]]
      return rest.length === 0 ? [] : [[name, without(member, rest)]]
    }),
  )
}

import { TAG_PREFIX } from '../../contract/filter/fields.ts'
import { printFilter } from '../../contract/filter/print-filter.ts'
import type { Identity } from '../caller.ts'
import { seeKeys, seePeople, seeWorkspaces, type Named, type NameParts } from './find-names.ts'

/** A value of a field, with what people call it and the term that finds just what has it. */
export interface NamedValue {
  /** Null for what has none. */
  readonly value: string | null
  readonly name: string | null
  readonly filter: string
}

/** Names the values of one field, as far as the caller may see their names. */
export async function createValueNamer(
  parts: NameParts,
  caller: Identity,
  field: string,
): Promise<(value: string | null) => NamedValue> {
  const names = new Map((await SEEN[field]?.(parts, caller))?.map(({ id, name }) => [id, name]))
  return (value) => ({ value, name: names.get(value ?? '') ?? null, filter: termOf(field, value) })
}

const SEEN: Readonly<Partial<Record<string, (parts: NameParts, caller: Identity) => Promise<readonly Named[]>>>> = {
  user: seePeople,
  key: seeKeys,
  workspace: seeWorkspaces,
}

/** Without a value is: not with any. */
function termOf(field: string, value: string | null): string {
  const not = value === null
  const any = [value === null ? ['', ''] : [value]]
  if (field.startsWith(TAG_PREFIX)) {
    return printFilter({ terms: [{ kind: 'tag', tag: field.slice(TAG_PREFIX.length), not, any }] })
  }
  if (field !== 'status') return printFilter({ terms: [{ kind: 'text', field, not, any }] })
  const status = { value: Number(value), included: true }
  return printFilter({ terms: [{ kind: 'number', field, not, any: [{ from: status, to: status }] }] })
}

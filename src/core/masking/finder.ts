/** Tells of every place where a rule finds something in a text: `[start, end)` in UTF-16 units. In order or not, overlapping or not. */
export type Find = (text: string, found: (start: number, end: number) => void) => void

/** A rule that is ready to be used. */
export interface Finder {
  readonly name: string
  readonly find: Find
}

/** Something found, in UTF-16 units. */
export interface Finding {
  readonly start: number
  readonly end: number
  readonly rule: string
}

/** In one text. Nobody writes so many; who does it to keep the recording busy has everything masked. */
const FINDINGS_MAX = 20_000

/** Goes for a rule where all of a text is masked, because there was too much to find in it. */
export const TOO_MANY = 'too_many'

/** Everything that the rules find in a text, in order and without overlap. What two rules find goes by the name of the first of them. */
export function findSecrets(text: string, finders: readonly Finder[]): Finding[] {
  const all: Finding[] = []
  for (const { name, find } of finders) {
    find(text, (start, end) => {
      if (end > start && all.length <= FINDINGS_MAX) all.push({ start, end, rule: name })
    })
  }
  if (all.length > FINDINGS_MAX) return [{ start: 0, end: text.length, rule: TOO_MANY }]
  if (all.length < 2) return all
  all.sort((a, b) => a.start - b.start)
  const apart: Finding[] = []
  for (const finding of all) {
    const last = apart.at(-1)
    if (last === undefined || finding.start >= last.end) apart.push(finding)
    else if (finding.end > last.end) apart.push({ ...finding, start: last.end })
  }
  return apart
}

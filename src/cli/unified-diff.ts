/** Unchanged lines shown around a change. */
const CONTEXT = 3

interface Line {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** The difference between two texts as a unified diff; empty if there is none. */
export function unifiedDiff(name: string, before: string | null, after: string): string {
  const lines = compare(before === null ? [] : splitLines(before), splitLines(after))
  const hunks = groupIntoHunks(lines)
  if (hunks.length === 0) return ''
  return [`--- ${before === null ? '/dev/null' : name}`, `+++ ${name}`, ...hunks].join('\n') + '\n'
}

function splitLines(text: string): string[] {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** The longest common subsequence, after the equal beginning and end are set aside: settings files are short. */
function compare(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++
  }
  const old = before.slice(head, before.length - tail)
  const young = after.slice(head, after.length - tail)

  const length = old.map(() => new Array<number>(young.length + 1).fill(0))
  length.push(new Array<number>(young.length + 1).fill(0))
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = young.length - 1; j >= 0; j--) {
      const both = old[i] === young[j]
      length[i]![j] = both ? length[i + 1]![j + 1]! + 1 : Math.max(length[i + 1]![j]!, length[i]![j + 1]!)
    }
  }

  const lines: Line[] = before.slice(0, head).map((text) => ({ sign: ' ', text }))
  let [i, j] = [0, 0]
  while (i < old.length || j < young.length) {
    if (i < old.length && j < young.length && old[i] === young[j]) {
      lines.push({ sign: ' ', text: old[i]! })
      i++
      j++
    } else if (i < old.length && (j === young.length || length[i + 1]![j]! >= length[i]![j + 1]!)) {
      lines.push({ sign: '-', text: old[i++]! })
    } else {
      lines.push({ sign: '+', text: young[j++]! })
    }
  }
  for (const text of before.slice(before.length - tail)) lines.push({ sign: ' ', text })
  return lines
}

function groupIntoHunks(lines: readonly Line[]): string[] {
  const shown = lines.map((_, at) =>
    lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((line) => line.sign !== ' '),
  )
  const hunks: string[] = []
  let [oldLine, newLine] = [1, 1]
  for (let at = 0; at < lines.length;) {
    if (!shown[at]) {
      oldLine++
      newLine++
      at++
      continue
    }
    const begin = at
    while (at < lines.length && shown[at]) at++
    const hunk = lines.slice(begin, at)
    const olds = hunk.filter((line) => line.sign !== '+').length
    const news = hunk.filter((line) => line.sign !== '-').length
    hunks.push(`@@ -${olds === 0 ? 0 : oldLine},${olds} +${news === 0 ? 0 : newLine},${news} @@`)
    for (const line of hunk) hunks.push(line.sign + line.text)
    oldLine += olds
    newLine += news
  }
  return hunks
}

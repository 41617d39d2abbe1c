/**
 * The known name that is nearest to a mistyped one, or undefined when none is near enough to be meant. Two slips are
 * forgiven in a long name, one in a short one; case and separators do not count.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const wanted = fold(name)
  let best: string | undefined
  let bestSlips = Math.min(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const slips = slipsBetween(wanted, fold(candidate), bestSlips)
    if (slips < bestSlips) {
      best = candidate
      bestSlips = slips
    }
  }
  return best
}

function fold(name: string): string {
  return name
    .slice(0, NAME_LENGTH_MAX)
    .toLowerCase()
    .replaceAll(/[-_.\s]/g, '')
}

/** Names come from outside; the comparison takes time that grows with the square of their length. */
const NAME_LENGTH_MAX = 64

/** Insertions, deletions, replacements and swaps of neighbours that lead from one name to the other (optimal alignment). */
function slipsBetween(from: string, to: string, enough: number): number {
  if (Math.abs(from.length - to.length) >= enough) return enough
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let slips = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1))
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        slips = Math.min(slips, beforeLast[column - 2]! + 1)
      }
      current.push(slips)
    }
    beforeLast = last
    last = current
  }
  return last[to.length]!
}

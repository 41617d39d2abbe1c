/** What one native comparison looks at. */
const STEP = 8_192
/** Below this, bytes are compared one by one sooner than by a call. */
const LAST_STEP = 32

/** How many bytes at their beginnings are the same in both; not more than `most`. */
export function equalAtStart(a: Buffer, b: Buffer, most: number): number {
  let equal = 0
  while (equal + STEP <= most && a.compare(b, equal, equal + STEP, equal, equal + STEP) === 0) equal += STEP
  for (let step = STEP / 2; step >= LAST_STEP; step /= 2) {
    const next = equal + step
    if (next <= most && a.compare(b, equal, next, equal, next) === 0) equal = next
  }
  while (equal < most && a[equal] === b[equal]) equal += 1
  return equal
}

/** How many bytes at their ends are the same in both; not more than `most`. */
export function equalAtEnd(a: Buffer, b: Buffer, most: number): number {
  const same = (from: number, to: number) =>
    a.compare(b, b.length - to, b.length - from, a.length - to, a.length - from) === 0
  let equal = 0
  while (equal + STEP <= most && same(equal, equal + STEP)) equal += STEP
  for (let step = STEP / 2; step >= LAST_STEP; step /= 2) {
    if (equal + step <= most && same(equal, equal + step)) equal += step
  }
  while (equal < most && a[a.length - 1 - equal] === b[b.length - 1 - equal]) equal += 1
  return equal
}

const LENGTH_MAX = 90

/** A slug made of a name, with a number at its end when others have taken it: `claude-prod`, `claude-prod-2`. */
export function freeSlug(name: string, taken: Iterable<string>): string {
  const others = new Set(taken)
  const base =
    name
      .normalize('NFKD')
      .toLowerCase()
      .replaceAll(/\p{M}/gu, '')
      .replaceAll(/[^a-z0-9]+/g, '-')
      .slice(0, LENGTH_MAX)
      .replaceAll(/^-+|-+$/g, '') || 'unnamed'
  if (!others.has(base) && base !== 'cf' && base !== 'hf') return base
  for (let number = 2; ; number++) {
    const numbered = `${base}-${number}`
    if (!others.has(numbered)) return numbered
  }
}

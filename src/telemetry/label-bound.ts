/** Lets so many different words through, and calls all that come later `other`. */
export function createLabelBound(wordsMax: number): (word: string) => string {
  const seen = new Set<string>()
  return (word) => {
    if (seen.has(word)) return word
    if (seen.size >= wordsMax) return 'other'
    seen.add(word)
    return word
  }
}

/** Levenshtein's distance; beyond `limit` where the lengths alone tell so. */
const distance = (a: string, b: string, limit: number): number => {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let line = 1; line <= a.length; line++) {
    const next = [line]
    for (let column = 1; column <= b.length; column++) {
      const substitution = (row[column - 1] ?? 0) + (a[line - 1] === b[column - 1] ? 0 : 1)
      next.push(Math.min(substitution, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** The candidate that was most likely meant: the same but for case, or at most two letters away. */
export const nearest = (word: string, candidates: ReadonlyArray<string>): string | undefined => {
  const folded = word.trim().toLowerCase()
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: distance(folded, candidate.toLowerCase(), 2) }))
    .filter((scored) => scored.distance <= 2)
    .toSorted((a, b) => a.distance - b.distance)
  return best?.candidate
}

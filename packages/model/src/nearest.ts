/** What is longer than this was not meant to be one of ours. */
const longestWord = 64

/** May one word become the other by so many letters more, fewer or other? */
const isWithin = (edits: number, a: string, b: string): boolean => {
  if (a === b) return true
  if (edits === 0) return false
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  const [restOfA, restOfB] = [a.slice(same + 1), b.slice(same + 1)]
  return (
    isWithin(edits - 1, restOfA, restOfB) ||
    isWithin(edits - 1, restOfA, b.slice(same)) ||
    isWithin(edits - 1, a.slice(same), restOfB)
  )
}

/** The candidate that was most likely meant: the same but for case, or one or two letters away from a word of more. */
export const nearest = (word: unknown, candidates: ReadonlyArray<string>): string | undefined => {
  if (typeof word !== 'string' || word.length > longestWord) return undefined
  const folded = word.trim().toLowerCase()
  // Of a short word, two letters are not a slip: `os` is not meant to be `id`.
  const within = (edits: number): string | undefined =>
    candidates.find((candidate) => folded.length > 2 * edits && isWithin(edits, folded, candidate.toLowerCase()))
  return within(0) ?? within(1) ?? within(2)
}

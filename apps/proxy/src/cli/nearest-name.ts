/** How many letters must be put in, left out or exchanged to make one word of the other. */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of Array.from(one).entries()) {
    const next = [index + 1]
    for (const [place, wanted] of Array.from(other).entries())
      next.push(
        Math.min((row[place] ?? 0) + (letter === wanted ? 0 : 1), (row[place + 1] ?? 0) + 1, (next[place] ?? 0) + 1),
      )
    row = next
  }
  return row.at(-1) ?? 0
}

/** The name that was most likely meant, if any is near enough. */
export const nearestName = (word: string, names: ReadonlyArray<string>): string | undefined => {
  const [nearest] = names
    .map((name) => ({ name, far: name.startsWith(word) && word !== '' ? 0 : distance(word.toLowerCase(), name) }))
    .filter(({ far, name }) => far <= Math.max(1, Math.floor(name.length / 3)))
    .sort((one, other) => one.far - other.far)
  return nearest?.name
}

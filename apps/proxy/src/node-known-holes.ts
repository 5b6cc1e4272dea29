/** Of each line that we run on, the first release in which the holes that were known in November 2026 are closed. */
const firstSound: Readonly<Record<number, readonly [minor: number, patch: number]>> = {
  24: [22, 1],
  26: [12, 1],
}

/** Has this version of Node (`24.22.1`) holes that are known? Of lines that are not listed nothing is known. */
export const hasKnownHoles = (version: string): boolean => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const [soundMinor, soundPatch] = firstSound[major] ?? [0, 0]
  return minor < soundMinor || (minor === soundMinor && patch < soundPatch)
}

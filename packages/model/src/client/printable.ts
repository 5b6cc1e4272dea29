/** A text that somebody else chose, for a message: on one line, bounded, and with nothing that a terminal obeys. */
export const printable = (text: string, longest: number): string =>
  text
    .slice(0, longest)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')

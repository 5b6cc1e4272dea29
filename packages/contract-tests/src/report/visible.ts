/** Control characters, and those that turn the direction of what follows, as escapes: text of others must not paint our output. */
export const visible = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(
      /(?!\n)[\p{Cc}\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF\uFFFE\uFFFF]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )

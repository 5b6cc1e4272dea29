/** Text from outside, such as a record may quote, with no effect on a terminal: control characters are written out. */
export const visibleText = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

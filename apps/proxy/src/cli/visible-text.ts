/** Text from outside, such as a record may quote, with no effect on a terminal: control characters, and those that change the order of text or cannot be seen, are written out. */
export const visibleText = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Text of others with whatever could be a token or a key left out: 32 or more of the characters that such are made of. */
export const withoutCredentials = (text: string): string => text.replaceAll(/[\w~+/.-]{32,}=*/g, '[redacted]')

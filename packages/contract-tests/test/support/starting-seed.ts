/** `SEED`, or one by chance. It is in the names of the tests that draw, so that a failure can be had again. */
export const startingSeed = (): number => Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

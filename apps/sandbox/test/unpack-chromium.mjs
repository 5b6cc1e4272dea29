// Unpacks the Chromium of @sparticuz/chromium, its libraries and its fonts into TMPDIR, where that package puts them: so this is a
// process of its own. Prints nothing.
import { fileURLToPath } from 'node:url'
import { inflate } from '@sparticuz/chromium'

const packed = new URL('../bin/', import.meta.resolve('@sparticuz/chromium'))

await Promise.all(
  ['chromium.br', 'al2023.tar.br', 'fonts.tar.br'].map((name) => inflate(fileURLToPath(new URL(name, packed)))),
)

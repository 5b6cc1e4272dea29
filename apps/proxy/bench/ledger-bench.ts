// What the benches of the ledger share.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

const directories: Array<string> = []

export const aDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'ledger-bench-'))
  directories.push(directory)
  return directory
}

export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0

export const thousands = (count: number): string => Math.round(count).toLocaleString('en')

export const note = (text: string): void => void process.stderr.write(`${text}\n`)

/** Runs a bench, which prints lines of a table, and keeps them beside it in a file of its name. */
export const measured = async (
  {
    command,
    file,
    how = 'medians of interleaved rounds. A call is two durable records',
    title,
  }: { readonly command: string; readonly file: string; readonly how?: string; readonly title: string },
  measure: (print: (line: string) => void) => Promise<void>,
): Promise<void> => {
  const lines: Array<string> = []
  try {
    await measure((line) => {
      lines.push(line)
      process.stdout.write(`${line}\n`)
    })
    const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${String(cpus().length)} cores, ${platform()} ${arch()}, Node ${process.version}`
    writeFileSync(
      new URL(file, import.meta.url),
      `# ${title}\n\nMade by \`${command}\`; ${how}.\n\n${lines.join('\n')}\n\n${machine}.\n`,
    )
  } finally {
    for (const directory of directories) rmSync(directory, { recursive: true, force: true })
  }
}

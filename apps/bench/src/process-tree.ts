// What a process and its children have used, by Linux's /proc.
import { readdirSync, readFileSync } from 'node:fs'

// USER_HZ is 100 on every Linux that Node runs on.
const tickInMicroseconds = 10_000

const treeOf = (pid: number): ReadonlyArray<number> => {
  try {
    const children = readdirSync(`/proc/${String(pid)}/task`).flatMap((task) =>
      readFileSync(`/proc/${String(pid)}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number),
    )
    return [pid, ...children.flatMap(treeOf)]
  } catch {
    return []
  }
}

const ofTree = (pid: number, read: (pid: number) => number): number =>
  treeOf(pid).reduce((sum, one) => sum + read(one), 0)

/** User and system time of all threads, since they began. */
export const cpuInMicroseconds = (pid: number): number =>
  ofTree(pid, (one) => {
    // The name of the program is in parentheses, and may have blanks.
    const fields = readFileSync(`/proc/${String(one)}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * tickInMicroseconds
  })

export const residentInMegabytes = (pid: number): number =>
  ofTree(pid, (one) => {
    const [, kilobytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${String(one)}/status`, 'utf8')) ?? []
    return Number(kilobytes) / 1024
  })

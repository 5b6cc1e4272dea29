import { describe, expect, it } from 'vitest'
import { terminalLine } from './terminal-line.js'

describe('a line of the log on a terminal', () => {
  it.each([
    [
      {
        level: 30,
        time: '2026-11-27T21:49:55.123Z',
        auditId: '01a2-b',
        caller: { kind: 'user', appId: 'a1' },
        status: 201,
        reason: 'two words',
        msg: 'request',
      },
      '21:49:55.123 info  request auditId=01a2-b caller.kind=user caller.appId=a1 status=201 reason="two words"\n',
    ],
    [
      { level: 50, time: '2026-11-27T21:49:55.123Z', msg: 'look here', list: [1, 'x y'], none: null },
      '21:49:55.123 ALARM look here list=[1,"x y"] none=null\n',
    ],
    // What could move the cursor stays as JSON has it.
    [
      { level: 35, time: '2026-11-27T21:49:55.123Z', msg: 'x', said: '\u001b[2J' },
      '21:49:55.123 35    x said="\\u001b[2J"\n',
    ],
  ])('of %j has its time, its level, its words and its fields', (line, expected) => {
    expect(terminalLine(JSON.stringify(line))).toBe(expected)
  })
})

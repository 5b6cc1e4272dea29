import { describe, expect, it } from 'vitest'
import { fileVariableOf, secretVariables } from '../config/secrets.js'
import { variables } from '../config/variables.js'
import { version } from '../node-package-version.js'
import { runProxyCommand } from './run-proxy-command.js'

const run = async (...args: ReadonlyArray<string>) => {
  const [out, err]: [Array<string>, Array<string>] = [[], []]
  const code = await runProxyCommand(args, {
    environment: {},
    out: (text) => Promise.resolve(void out.push(text)),
    err: (text) => Promise.resolve(void err.push(text)),
  })
  return { code, out: out.join(''), err: err.join('') }
}

describe('device-install-state-proxy', () => {
  it.each(['--help', '-h', 'help'])(
    'tells with %s every variable, what it is, its default and an example',
    async (name) => {
      const { code, err, out } = await run(name)

      expect([code, err]).toEqual([0, ''])
      for (const [variable, { guidance }] of Object.entries(variables)) {
        const [, entry = ''] = out.split(new RegExp(`^  ${variable}(?=\\s)`, 'm'))
        const [head = '', ...lines] = (entry.split('\n\n')[0] ?? '').split('\n')
        const text = lines.map((line) => line.trim()).join(' ')

        expect([variable, text]).toEqual([
          variable,
          guidance.example === guidance.fallback
            ? guidance.expectation
            : `${guidance.expectation} for example: ${guidance.example}`,
        ])
        expect([variable, /needed/.test(head)]).toEqual([
          variable,
          guidance.fallback === undefined && guidance.isOptional !== true,
        ])
        expect(head).toContain(guidance.fallback === undefined ? '' : `default: ${guidance.fallback}`)
      }
      for (const secret of secretVariables) expect(out).toContain(`or ${fileVariableOf(secret)}, the path`)
      expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThan(160)
    },
  )

  it.each([
    ['check-config', '--help'],
    ['check-config', '-h'],
    ['help', 'check-config'],
  ])('tells with %s %s what is checked', async (...args) => {
    expect(await run(...args)).toMatchObject({ code: 0, out: expect.stringMatching(/--online[^]*--json[^]*Exit code/) })
  })

  it('tells its version', async () => {
    expect(await run('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  it('ends with what was checked: 78 for an environment that is wrong', async () => {
    expect(await run('check-config')).toMatchObject({ code: 78, out: expect.stringContaining('AZURE_TENANT_ID') })
  })

  it.each([
    [['--hlep'], 'There is no such command or option'],
    [['--port=8080'], 'There is no such command or option'],
    [['chek-config'], 'Did you mean "check-config"?'],
    [['--version', 'more'], 'There is one argument too many'],
    [['check-config', '--secret=s3cret'], 'check-config takes --online'],
    [['check-config', 's3cret'], 'check-config takes --online'],
    [['s3cret'], 'There is no such command or option'],
  ])('refuses %j, and repeats nothing of it', async (args, words) => {
    const { code, err, out } = await run(...args)

    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(words)
    expect(err).not.toMatch(/s3cret|8080|hlep/)
  })
})

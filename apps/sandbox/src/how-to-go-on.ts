import { documentedExample } from '@device-install-state/model/fields'
import { auditCommand } from './audit-records.js'
import { pathOf } from './demonstration.js'
import type { Printer } from './printer.js'
import { applicationGrant, type Grant, user, userGrant } from './sandbox-tenant.js'
import type { World } from './start-world.js'

/** Leaves a word that the shell would leave alone, and quotes any other. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

// All is on this machine, so a proxy that curl may be set up to use must not be asked.
const curl = "curl -s --noproxy '*'"

const tokenLines = ({ certificateFile, identityProvider }: World, grant: Grant): string =>
  [
    `TOKEN=$(${curl} --cacert ${quoted(certificateFile)} ${quoted(identityProvider.tokenEndpoint)}`,
    ...Object.entries(grant).map(([name, value]) => `  -d ${quoted(`${name}=${value}`)}`),
  ].join(' \\\n') + ` | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`

const callLines = ({ proxy }: World): string =>
  [
    `${curl} -i -w '\\n' ${quoted(`${proxy.url}${pathOf('beta', 'a book')}`)}`,
    '  -H "Authorization: Bearer $TOKEN" -H \'Content-Type: application/json\'',
    `  -d ${quoted(JSON.stringify(JSON.parse(documentedExample.request)))}`,
  ].join(' \\\n')

/** All that a person needs to call this world and to read what it wrote down. */
export const tellHowToGoOn = (world: World, print: Printer, auditId: string): void => {
  const read = [process.execPath, ...auditCommand(world.auditDirectory, auditId)].map(quoted).join(' ')
  print.step('Now you')
  const first = world.upstreamAuth === 'on-behalf-of' ? userGrant : applicationGrant()
  print.line(`The proxy is at ${world.proxy.url}. Paste this, and it creates one more state:\n`)
  print.block(`${tokenLines(world, first)}\n${callLines(world)}\n`)
  if (first !== userGrant) {
    print.line(`For a token of the user ${user.displayName} paste this, then the second command above once more:\n`)
    print.block(`${tokenLines(world, userGrant)}\n`)
  }
  print.line(`The audit ledger is in ${world.auditDirectory}. What it holds of a call, by its Audit-Id:\n`)
  print.block(`${read}\n`)
  const { adminUrl } = world.proxy
  print.line(
    `How it is: ${adminUrl}/readyz; its figures: ${adminUrl}/metrics; what it takes and answers: ${adminUrl}/docs\n`,
  )
  print.line('Press Ctrl-C to stop.')
}

import { verdictOf } from '../report/finding.js'
import { isKept, type Report } from '../report/report.js'
import { tellReport, tellResult } from '../report/terminal-report.js'
import type { ClientOptions, ContractClient } from './contract-client.js'
import { reportOnClient } from './report-on-client.js'

/** What a client does not keep. Its message is a report for people. */
export class ContractBroken extends Error {
  override readonly name = 'ContractBroken'
  readonly report: Report

  constructor(report: Report) {
    const look = { colours: false }
    const broken = report.results.filter((result) => verdictOf(result) === 'broken')
    super(
      `${report.title} is broken.\n\n${broken.map((result) => tellResult(result, look)).join('')}${tellReport(report, look)}`,
    )
    this.report = report
  }
}

/**
 * For the tests of a team that calls the gateway, or Graph: rejects with `ContractBroken` if its client does not keep the
 * contract, with the pointer of each difference; else resolves with the report. Works with any test runner. Opens a port
 * on 127.0.0.1, and none elsewhere. What the client does with what it is answered is not looked at.
 */
export const expectClientToHonourContract = async (
  client: ContractClient,
  options?: ClientOptions,
): Promise<Report> => {
  const report = await reportOnClient(client, options)
  if (!isKept(report)) throw new ContractBroken(report)
  return report
}

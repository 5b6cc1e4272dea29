/** Something that was about to leave the process, and did not. */
export interface Slip {
  /** Where to: host and port, or the path of a socket. */
  readonly to: string
  /** `connection`: a new one was about to be opened. `request`: one was about to be sent on a connection that was open already. */
  readonly how: 'connection' | 'request'
  /** The line of your code that asked for it, if it is known: what waits in between, as `fetch` does, hides it. */
  readonly from: string | undefined
}

const told = ({ to, how, from }: Slip): string =>
  [`${to}, ${how === 'connection' ? 'a new connection' : 'on a connection that was open'}`, from].join(
    from === undefined ? '' : ', from ',
  )

/** What slipped. Thrown by `check`, and what those are told whose traffic is held back. */
export class TrafficSlipped extends Error {
  override readonly name = 'TrafficSlipped'
  readonly code = 'TRAFFIC_SLIPPED'
  readonly slips: ReadonlyArray<Slip>

  constructor(slips: ReadonlyArray<Slip>) {
    super(
      [
        'traffic slipped past msw, and was held back:',
        ...slips.map((slip) => `  ${told(slip)}`),
        'Ask in a way that msw sees (the README of @device-install-state/contract-tests lists them), or name the host in `allow`.',
      ].join('\n'),
    )
    this.slips = slips
  }
}

// A client as a team may have it, and how it is handed to the contract tests. Put your own in its place.
import { readAnswer } from '@device-install-state/model/client'
import { operationNamed } from '@device-install-state/model/operations'

/** Reports how a book stands on a device. Rejects when it was not created, or nobody can know. */
const reportInstallState = async ({ baseUrl, token, path, state }) =>
  readAnswer(
    await fetch(`${baseUrl}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(state),
      redirect: 'error',
    }),
  )

export const client = {
  create: ({ operation, version, managedEBookId, userInstallStateSummaryId, ...call }) => {
    const path = operationNamed(operation).print(version, { managedEBookId, userInstallStateSummaryId })
    return reportInstallState({ ...call, path })
  },
}

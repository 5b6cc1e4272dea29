import { default as axe, type AxeResults } from 'axe-core'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorld, type World } from '../src/start-world.js'
import { startBrowser } from './a-browser.js'

const browser = await startBrowser('the page of the API in a browser')
afterAll(() => browser?.close())

// The viewer's own ways, which no style sheet can mend: its selects have no label, its summaries are buttons with a link inside, its
// headings and regions begin anew.
const ofTheViewer = ['heading-order', 'nested-interactive', 'region', 'scrollable-region-focusable', 'select-name']

const bookOperation = '#operations-deviceStates-createManagedEBookDeviceState'
const userOperation = '#operations-deviceStates-createUserStateSummaryDeviceState'

const wide = { width: 1280, height: 900 }

describe.skipIf(browser === undefined)('the page of the API, in a browser', () => {
  let world: World
  let page: Page
  /** All that the browser has to say against the page. */
  const complaints: Array<string> = []

  beforeAll(async () => {
    const begun = startWorld({ signal: AbortSignal.timeout(120_000) })
    page = await (browser ?? expect.fail('no browser')).newPage({ viewport: wide })
    world = await begun
    const { adminUrl } = world.proxy
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', ({ message }) => complaints.push(`error: ${message}`))
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
    page.on('response', (response) => {
      if (!response.ok()) complaints.push(`${String(response.status())}: ${response.url()}`)
    })
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (origin !== adminUrl && protocol !== 'data:') complaints.push(`elsewhere: ${request.url()}`)
    })
    await page.goto(`${adminUrl}/docs`)
  })
  afterAll(() => world.stop())

  /** An operation, with all that there is to it. */
  const opened = async (operation: string): Promise<Locator> => {
    const summary = page.locator(operation).locator('.opblock-summary-control')
    if ((await summary.getAttribute('aria-expanded')) === 'false') await summary.click()
    await page.locator(operation).locator('tr[data-code="504"]').waitFor()
    await page.locator(operation).locator('.opblock-section-request-body').getByRole('tab', { name: 'Schema' }).click()
    return page.locator(operation)
  }

  it('loads nothing from elsewhere, and the browser has nothing against it', async () => {
    await opened(bookOperation)

    expect(complaints).toEqual([])
  })

  it('shows both operations, and who may call them', async () => {
    for (const operation of [bookOperation, userOperation]) await page.locator(operation).waitFor()

    expect(await page.title()).toBe('Gateway for device install states: API')
    expect(await page.locator('.info').innerText()).toContain(world.identityProvider.issuer)
  })

  it('shows of an operation what goes into it and what comes of it', async () => {
    const operation = await opened(bookOperation)
    const body = operation.locator('.opblock-section-request-body')

    await body.getByText('DeviceInstallStateCreate').waitFor()
    await body.getByText('lastSyncDateTime', { exact: true }).waitFor()
    await operation.locator('tr[data-code="401"]').getByText('tokenMissing').first().waitFor()
    expect(await operation.locator('tr[data-code]').count()).toBeGreaterThan(15)
  })

  it('offers nothing that would be sent, nor a place for a token', async () => {
    await opened(bookOperation)

    expect(await page.getByRole('button', { name: /try it out|execute|authorize/i }).count()).toBe(0)
    expect(await page.locator('input:visible, textarea:visible, [type=password], #servers').count()).toBe(0)
  })

  it('can be read by all, as far as its own style sheet can see to that', async () => {
    await opened(bookOperation)
    const rules = Object.fromEntries(ofTheViewer.map((rule) => [rule, { enabled: false }]))
    const results: AxeResults = await page.evaluate(
      `${axe.source};axe.run(${JSON.stringify({ rules, preload: false, resultTypes: ['violations'] })})`,
    )
    const found = results.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))

    expect(found).toEqual([])
    expect(results.passes.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['color-contrast', 'document-title', 'html-has-lang', 'landmark-one-main']),
    )
  })

  it('fits on a narrow screen', async () => {
    await opened(bookOperation)
    await page.setViewportSize({ width: 400, height: 900 })
    const width = await page.evaluate('document.documentElement.scrollWidth')
    await page.setViewportSize(wide)

    expect(width).toBe(400)
  })
})

import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Fails if axe finds a violation in light or dark. The failure names the element and the reason. */
export async function expectNoFaults(page: Page, name = ''): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor()
    const violations = await runAxe(page, {
      resultTypes: ['violations'],
      // No rule that runs reads the text of the style sheets. To fetch and parse it takes as long as many rules.
      preload: { assets: ['media'] },
      // Only the colours differ from light.
      ...(colorScheme === 'dark' && { runOnly: ['color-contrast'] }),
    })
    const faults = violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, any, all, none }) => {
        const reasons = [...any, ...all, ...none].map(({ message }) => message)
        return `${colorScheme}, ${id}: ${html} ${reasons.join(' ')}`
      }),
    )
    expect(faults, name).toEqual([])
  }
}

async function runAxe(page: Page, options: axe.RunOptions): Promise<axe.Result[]> {
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe.source)
  // The options of a field are rendered outside of all landmarks, so that nothing clips them.
  const context = { exclude: ['[role=presentation]:has(> [role=listbox])'] }
  const run = `axe.run(${JSON.stringify(context)}, ${JSON.stringify(options)})`
  return page.evaluate<axe.Result[]>(`${run}.then(({ violations }) => violations)`)
}

/** Steps shared by the tests that select several images. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { PATIENCE } from './page.ts'

/** The bar that lies over the tools while something is selected. */
export const selectionBar = (page: Page) => page.getByRole('region', { name: / selected$/ })

export const checkbox = (page: Page, name: string) =>
  page.getByRole('checkbox', { name: `Select “${name}”`, exact: true })

/** The link of an image in the grid, which takes the focus. */
export const opener = (page: Page, name: string) =>
  page.getByRole('main').getByRole('link', { name, exact: true })

export const isSelected = async (page: Page, name: string): Promise<boolean> => {
  const cell = page
    .getByRole('gridcell')
    .filter({ has: page.getByRole('link', { name, exact: true }) })
  return (await cell.getAttribute('aria-selected')) === 'true'
}

/** Selects these images in addition to the current selection. */
export async function select(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) await checkbox(page, name).click()
}

/** Waits until this many images are selected. */
export const expectSelected = (page: Page, count: number) =>
  expect
    .poll(() => selectionBar(page).getAttribute('aria-label'), PATIENCE)
    .toBe(`${count} selected`)

/** Chooses an action from the menu of the selection bar. */
export async function change(page: Page, action: string): Promise<void> {
  await selectionBar(page).getByRole('button', { name: 'Change' }).click()
  await page.getByRole('menuitem', { name: action }).click()
}

/** Enters tags in the dialog of the selection bar, and applies them. */
export async function retag(page: Page, action: 'Add tags' | 'Remove tags', tags: string) {
  await change(page, action)
  const dialog = page.getByRole('dialog', { name: action })
  await dialog.getByRole('combobox', { name: 'Tags' }).fill(tags)
  await dialog.getByRole('button', { name: 'Apply' }).click()
}

/** Deletes the selection, and confirms the question. */
export async function removeSelected(page: Page) {
  await selectionBar(page).getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
}

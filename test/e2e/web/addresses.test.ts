/** Addresses that somebody has typed, shortened or made up: each shows a page, and none breaks it. */
import { expect, test } from 'vitest'
import { usePages } from '../pages.ts'
import { expectAccessible } from './accessible.ts'

const pages = usePages(async () => ({}))

test.each([
  '/runs?status=nonsense&trigger=nobody&last=never',
  '/runs?from=nonsense&to=',
  '/runs?minCost=abc',
  '/runs?minCost=-5',
  '/runs?minCost=1e400',
  '/runs?nothing=of+that',
])('what is no filter in %s is left out', async (path) => {
  const { page } = await pages.open(path)
  await page.getByText('No runs yet').waitFor()
  expect(new URL(page.url()).search).toBe('')
  await expectAccessible(page)
})

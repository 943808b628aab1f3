/** What every RunStore must do. */
import { afterAll, beforeAll, describe } from 'vitest'
import { describeBegin } from './run-store-begin.ts'
import { describeClaim, describeLeases, describeSeize } from './run-store-leases.ts'
import { describeReplace } from './run-store-replace.ts'
import { describeSettle, describeStop } from './run-store-settle.ts'
import { describeDecide, describeWait } from './run-store-waits.ts'
import type { OpenStores, Stores } from './stores.ts'

export const describeRunStore = (name: string, open: OpenStores): void => {
  describe(`RunStore on ${name}`, () => {
    let opened: Stores
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened[Symbol.asyncDispose]())

    const stores = () => opened
    describeBegin(stores)
    describeReplace(stores)
    describeClaim(stores)
    describeLeases(stores)
    describeSeize(stores)
    describeStop(stores)
    describeSettle(stores)
    describeWait(stores)
    describeDecide(stores)
  })
}

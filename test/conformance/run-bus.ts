import { describe, expect, it } from 'vitest'
import type { ChatSignal, RunBus, Signal } from '../../src/engine/ports.ts'

/** What every bus promises to listeners of its own process. */
export const describeRunBus = (name: string, open: () => RunBus): void => {
  describe(`a run bus (${name})`, () => {
    it('tells those who listen to the run, and those who listen to all', () => {
      const bus = open()
      const heard: string[] = []
      const listen = (key: string) =>
        bus.subscribe(key, ({ kind, runId }: Signal) => heard.push(`${key} ${kind} ${runId}`))
      listen('a')
      listen('b')
      listen('*')
      bus.publish({ kind: 'stop', runId: 'a' })
      expect(heard.toSorted()).toEqual(['* stop a', 'a stop a'])
    })

    it('tells nobody who has left, also when they leave while it speaks', () => {
      const bus = open()
      const heard: string[] = []
      const leaveSecond = bus.subscribe('a', () => {
        heard.push('first')
        leaveThird()
      })
      const leaveThird = bus.subscribe('a', () => heard.push('third'))
      bus.publish({ kind: 'progress', runId: 'a' })
      leaveSecond()
      bus.publish({ kind: 'progress', runId: 'a' })
      expect(heard).toEqual(['first'])
    })

    it('tells who listens to the chats of an owner, and nobody else', () => {
      const bus = open()
      const heard: unknown[] = []
      const owner = { workspaceId: 'w', userId: 'u' }
      const others = [
        { workspaceId: 'w', userId: 'u2' },
        { workspaceId: 'w2', userId: 'u' },
        { workspaceId: 'wu', userId: '' },
      ]
      for (const other of others) bus.subscribeChats(other, () => heard.push(other))
      bus.subscribe('*', (signal) => heard.push(signal))
      const listen = (name: string) => bus.subscribeChats(owner, (one) => heard.push([name, one]))
      const leave = [listen('one'), listen('two')]
      const signals: ChatSignal[] = [
        { ...owner, id: 'ours' },
        { ...owner, chatId: 'theirs' },
      ]
      bus.publishChat(signals[0]!)
      leave[0]!()
      bus.publishChat(signals[1]!)
      leave[1]!()
      bus.publishChat(signals[0]!)
      expect(heard).toEqual([
        ['one', signals[0]],
        ['two', signals[0]],
        ['two', signals[1]],
      ])
    })
  })
}

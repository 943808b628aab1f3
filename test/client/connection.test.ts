/** One word for all connections of a client, and no word where there is nothing to say. */
import { expect, it } from 'vitest'
import { Connections } from '../../src/client/connection.ts'

const recorded = () => {
  const connections = new Connections()
  const states: string[] = []
  connections.state.subscribe(() => states.push(connections.state.get()))
  return { connections, states }
}

it('is told from the first attempt to the end', () => {
  const { connections, states } = recorded()
  const link = connections.open()
  link.set('connected')
  link.set('reconnecting')
  link.set('connected')
  link.close()
  expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected', 'idle'])
})

it('a connection that is made beside one that works is no news until it fails', () => {
  const { connections, states } = recorded()
  const first = connections.open()
  first.set('connected')
  const second = connections.open()
  second.set('connected')
  second.close()
  const third = connections.open()
  third.set('reconnecting')
  third.close()
  expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected'])
})

it('a link that was closed says nothing more', () => {
  const { connections, states } = recorded()
  const link = connections.open()
  link.close()
  link.set('connected')
  expect(states).toEqual(['connecting', 'idle'])
})

/** How many runs a process has in hand. */
import { describe, expect, it } from 'vitest'
import { Room } from '../../src/engine/workers/room.ts'

const roomFor = (concurrency: number) => {
  let freed = 0
  const room = new Room(concurrency, () => (freed += 1))
  return { room, freed: () => freed }
}

describe('a room', () => {
  it('has places for as many as it was made for, and takes more where it has to', () => {
    const { room } = roomFor(2)
    expect(room.enter('a')).toBe(true)
    expect(room.enter('a')).toBe(false)
    expect(room.free).toBe(1)
    room.enter('b')
    room.enter('c')
    expect(room.free).toBe(0)
    room.leave('c')
    expect(room.free).toBe(0)
    room.leave('b')
    expect(room.free).toBe(1)
  })

  it('says that there is room again, to who waits before anybody else', async () => {
    const { room, freed } = roomFor(1)
    room.enter('a')
    const waits = room.wait()
    room.leave('a')
    await waits
    expect(freed()).toBe(0)
    room.enter('b')
    room.leave('b')
    room.leave('b')
    expect(freed()).toBe(1)
  })

  it('keeps no more places than it has, and gives each back once', () => {
    const { room } = roomFor(2)
    const giveUp = room.keep(5)
    expect(room.free).toBe(0)
    const none = room.keep(1)
    giveUp()
    giveUp()
    none()
    expect(room.free).toBe(2)
  })

  it('wakes who waits for a place that was kept and is given up, and says nothing of it to others', async () => {
    const { room, freed } = roomFor(1)
    const giveUp = room.keep(1)
    const waits = room.wait()
    giveUp()
    await waits
    expect(freed()).toBe(0)
  })

  it('wakes all who wait when it closes', async () => {
    const { room } = roomFor(1)
    room.enter('a')
    const waiting = Promise.all([room.wait(), room.wait()])
    room.close()
    await waiting
    expect(room.free).toBe(0)
  })
})

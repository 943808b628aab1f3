import { expect, it } from 'vitest'
import { ConfigError, QueueUnavailableError } from '../../src/domain/errors.ts'
import { OutageVoice } from '../../src/telemetry/outage-voice.ts'

const listen = () => {
  const heard: string[] = []
  const voice = new OutageVoice<'watch' | 'way'>({
    tell: ({ message }) => heard.push(message.split('.')[0]!),
    back: () => heard.push('back'),
  })
  return { voice, heard }
}

const dead = new QueueUnavailableError('dead.')
const full = new QueueUnavailableError('full.')
const forbidden = new ConfigError('forbidden.')

it('an outage is told by whoever notices first, and is over when it is over for all', () => {
  const { voice, heard } = listen()
  voice.away('way', dead)
  voice.away('watch', full)
  voice.refused(full)
  voice.back('watch')
  expect(heard).toEqual(['dead'])
  voice.back('way')
  expect(heard).toEqual(['dead', 'back'])
})

it('the next outage is told again, also with the same words', () => {
  const { voice, heard } = listen()
  for (let n = 0; n < 2; n++) {
    voice.away('watch', dead)
    voice.back('watch')
  }
  expect(heard).toEqual(['dead', 'back', 'dead', 'back'])
})

it('nothing comes back that has not been away', () => {
  const { voice, heard } = listen()
  voice.back('watch')
  voice.back('way')
  voice.refused(forbidden)
  voice.back('watch')
  expect(heard).toEqual(['forbidden'])
})

it('what is refused over and over is told once, also where it turns out to be an outage', () => {
  const { voice, heard } = listen()
  voice.refused(forbidden)
  voice.refused(forbidden)
  voice.away('way', forbidden)
  voice.refused(full)
  expect(heard).toEqual(['forbidden'])
})

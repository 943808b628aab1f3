import { describe, expect, it } from 'vitest'
import { findViolations } from '../../chaos/checks.ts'
import { REDIS_FAULTS } from '../../chaos/plan.ts'
import { textOf } from '../../chaos/script.ts'
import {
  acted,
  asked,
  fault,
  historyOf,
  madeUp,
  redisFault,
  type MadeUp,
} from './fixtures/histories.ts'

type Case = [rule: string, what: string, spoil: (seen: MadeUp) => void]

const rulesOf = (spoil: (seen: MadeUp) => void): string[] => {
  const seen = madeUp()
  spoil(seen)
  return [...new Set(findViolations(historyOf(seen)).map(({ rule }) => rule))]
}

/** A second attempt at the last step, by the other process. */
const takenOver = (seen: MadeUp): void => {
  seen.modelCalls.push(asked(1, 2, 2600, 1))
  const said = [seen.state.said[0]!, textOf(seen.record.script, 1, 2)]
  Object.assign(seen.state, { said, answer: said })
  seen.record.readers[0]!.answer = said
}

type CallStatus = NonNullable<MadeUp['state']['calls']>[number]['status']

const setCall = (seen: MadeUp, call: number, status: CallStatus): void => {
  seen.state.calls = (seen.state.calls ?? []).map((one) =>
    one.call === call ? { ...one, status } : one,
  )
}

/** The first call needs a person, who has said so, and this became of it. */
const guarded = (agreed: boolean, status: CallStatus) => (seen: MadeUp) => {
  const { script } = seen.record
  const [first, last] = script.steps
  const calls = first!.calls.with(0, { tool: 'guarded', ms: 0, agreed })
  Object.assign(seen.record, { script: { ...script, steps: [{ ...first!, calls }, last!] } })
  setCall(seen, 0, status)
}

const setSteps = (
  seen: MadeUp,
  ...steps: [index: number, epoch: number, from: number, to: number][]
): void => {
  seen.state.journal = {
    stepCount: 2,
    steps: steps.map(([index, epoch, from, to]) => ({ index, epoch, from, to })),
  }
}

const stopped = (answer: 'acknowledged' | 'refused' | 'unanswered') => (seen: MadeUp) => {
  seen.record.stops.push({ at: 2700, answer })
}

/** The first process was frozen when its request was on its way; the other has the run since then. */
const belated = (seen: MadeUp): void => {
  seen.faults.push(fault({ kind: 'freeze', from: 2000, to: 2700 }))
  seen.modelCalls.push(asked(1, 2, 2710, 0))
  seen.modelCalls = seen.modelCalls.map((call) =>
    call.asked === 1 ? { ...call, process: 1, pid: 1001 } : call,
  )
}

const FOUND: Case[] = [
  ['everything goes on', 'a message that was never sent', (seen) => (seen.planned = 2)],
  ['one run for a message', 'a message that nobody took', (seen) => delete seen.record.sentAt],
  ['one run for a message', 'a lost run', (seen) => (seen.states = [])],
  [
    'one run for a message',
    'a second run',
    (seen) => seen.states.push({ ...seen.state, run: 'r2' }),
  ],
  ['one run for a message', 'another name', (seen) => seen.record.ids.add('r2')],
  ['everything settles', 'a run left behind', (seen) => (seen.state.status = 'active')],
  ['a stop is a stop', 'a stop that was forgotten', stopped('acknowledged')],
  ['only a stop aborts', 'an abort by nobody', (seen) => (seen.state.status = 'aborted')],
  [
    'only a stop aborts',
    'an abort by a stop that was refused',
    (seen) => {
      seen.state.status = 'aborted'
      stopped('refused')(seen)
    },
  ],
  [
    'nothing fails by itself',
    'a failure',
    (seen) => Object.assign(seen.state, { status: 'failed', errorCode: 'internal_error' }),
  ],
  [
    'nobody gives up early',
    'giving up after two faults',
    (seen) => {
      Object.assign(seen.state, { status: 'failed', errorCode: 'recovery_exhausted' })
      seen.faults.push(fault(), fault({ process: 1 }))
    },
  ],
  [
    'a journaled model call is never made again',
    'a step that is asked for after the next one',
    (seen) => {
      seen.faults.push(fault())
      seen.modelCalls.push(asked(0, 2, 2600, 1))
    },
  ],
  [
    'no step is left out',
    'a step that nobody asked for',
    (seen) => (seen.modelCalls = [asked(1, 1, 2500)]),
  ],
  [
    'a settled run asks nothing',
    'a late request',
    (seen) => {
      seen.faults.push(fault())
      takenOver(seen)
      seen.state.finishedAt = 2550
    },
  ],
  [
    'nothing is taken from a healthy process',
    'a second belated request',
    (seen) => {
      belated(seen)
      seen.modelCalls.push(asked(1, 3, 2720, 0))
    },
  ],
  [
    'nothing is taken from a healthy process',
    'a request long after the thaw',
    (seen) => {
      belated(seen)
      seen.modelCalls = seen.modelCalls.map((call) =>
        call.asked === 2 ? { ...call, at: 3300 } : call,
      )
    },
  ],
  [
    'nothing is taken from a healthy process',
    'a belated request whose answer counts',
    (seen) => {
      belated(seen)
      seen.state.said = [seen.state.said[0]!, textOf(seen.record.script, 1, 2)]
    },
  ],
  ['nothing is taken from a healthy process', 'a takeover without a fault', takenOver],
  ...REDIS_FAULTS.flatMap((kind): Case[] => [
    [
      'nothing is taken from a healthy process',
      `a takeover after ${kind}`,
      (seen) => {
        seen.redisFaults.push(redisFault(kind))
        takenOver(seen)
      },
    ],
    [
      'no outcome is lost without a fault',
      `an unknown outcome after ${kind}`,
      (seen) => {
        seen.redisFaults.push(redisFault(kind))
        setCall(seen, 0, 'unknown')
      },
    ],
    [
      'nobody gives up early',
      `giving up after ${kind}, again and again`,
      (seen) => {
        Object.assign(seen.state, { status: 'failed', errorCode: 'recovery_exhausted' })
        seen.redisFaults.push(redisFault(kind), redisFault(kind), redisFault(kind))
      },
    ],
  ]),
  [
    'nothing is taken from a healthy process',
    'a takeover after a fault of somebody else',
    (seen) => {
      seen.faults.push(fault({ process: 1 }))
      takenOver(seen)
    },
  ],
  [
    'the last answer of the model counts',
    'the text of a void attempt',
    (seen) => {
      seen.faults.push(fault())
      seen.modelCalls.push(asked(1, 2, 2600, 1))
    },
  ],
  [
    'the last answer of the model counts',
    'a text too many',
    (seen) => (seen.state.said = [...seen.state.said, 'more']),
  ],
  ['every call ends', 'a call that never ends', (seen) => setCall(seen, 0, 'started')],
  ['every call ends', 'a call that nobody was asked about', guarded(true, 'asked')],
  ['nothing acts that was denied', 'an act of a denied call', guarded(false, 'denied')],
  ['a decision is a decision', 'a refused call that acts', guarded(false, 'succeeded')],
  ['a decision is a decision', 'a call that is denied and was agreed to', guarded(true, 'denied')],
  [
    'what is reported has happened',
    'a success without an effect',
    (seen) => (seen.effects = [acted(0), acted(2)]),
  ],
  ['what is reported has happened', 'an effect of a failure', (seen) => setCall(seen, 0, 'failed')],
  ['no tool acts twice', 'a second effect', (seen) => seen.effects.push(acted(2, { at: 1900 }))],
  [
    'no tool acts twice',
    'a second effect of an unknown call',
    (seen) => {
      seen.faults.push(fault())
      setCall(seen, 0, 'unknown')
      seen.effects.push(acted(0, { at: 1900, process: 1 }))
    },
  ],
  [
    'what may be repeated is repeated',
    'an idempotent call that is given up',
    (seen) => {
      seen.faults.push(fault())
      setCall(seen, 1, 'unknown')
    },
  ],
  [
    'no outcome is lost without a fault',
    'an unknown outcome without a fault',
    (seen) => setCall(seen, 0, 'unknown'),
  ],
  [
    'no outcome is lost without a fault',
    'an outcome that is lost in a restart in good order',
    (seen) => {
      seen.faults.push(fault({ kind: 'terminate' }))
      setCall(seen, 0, 'unknown')
    },
  ],
  [
    'a repeated call has its old key',
    'a new key',
    (seen) => seen.effects.push(acted(1, { key: 'r1:0:again' })),
  ],
  [
    'tools act on what is journaled',
    'an effect of a decision that did not count',
    (seen) => (seen.effects = [acted(0, { asked: 7 }), acted(1), acted(2)]),
  ],
  [
    'every act is in the record',
    'an effect without a record',
    (seen) => (seen.state.calls = seen.state.calls!.slice(1)),
  ],
  ['the journal has no holes', 'a hole', (seen) => setSteps(seen, [0, 1, 1, 9], [2, 1, 14, 20])],
  ['the journal has no holes', 'a step too few', (seen) => setSteps(seen, [0, 1, 1, 9])],
  [
    'the journal has no holes',
    'units that go back',
    (seen) => setSteps(seen, [0, 1, 1, 9], [1, 1, 9, 20]),
  ],
  [
    'the journal has no holes',
    'epochs that go back',
    (seen) => setSteps(seen, [0, 2, 1, 9], [1, 1, 14, 20]),
  ],
  [
    'the journal has no holes',
    'a step that ends before it begins',
    (seen) => setSteps(seen, [0, 1, 1, 9], [1, 1, 14, 13]),
  ],
  [
    'every reader ends with the persisted answer',
    'a reader with something else',
    (seen) => (seen.record.readers[0]!.answer = ['something else']),
  ],
  [
    'every reader gets to the end',
    'a reader that hangs',
    (seen) => (seen.record.readers[0]!.done = false),
  ],
  [
    'an unfinished answer never ends cleanly',
    'a clean end too soon',
    (seen) => (seen.record.readers[0]!.endedTooSoon = 1),
  ],
  [
    'complete means settled',
    'an end before the end',
    (seen) => (seen.record.readers[0]!.doneAt = 2999),
  ],
  [
    'no process ends by itself',
    'an exit',
    (seen) => seen.exits.push({ process: 1, at: 10, code: 1, said: 'Out of ideas.' }),
  ],
  [
    'a server executes nothing',
    'a model call of a server',
    (seen) => (seen.roles = ['server', 'worker']),
  ],
  [
    'a server executes nothing',
    'an effect of a server',
    (seen) => {
      seen.roles = ['worker', 'server']
      seen.effects.push(acted(1, { at: 1900, process: 1 }))
    },
  ],
  [
    'nobody executes what nobody asked for',
    'a model call of an unknown run',
    (seen) => seen.modelCalls.push({ ...asked(0, 3, 1100), run: 'b.1' }),
  ],
  [
    'nobody executes what nobody asked for',
    'an unknown run',
    (seen) => seen.states.push({ ...seen.state, message: 'b.1-message' }),
  ],
]

describe('the checks', () => {
  it('have nothing to say about a run in which nothing happened', () => {
    expect(rulesOf(() => {})).toEqual([])
  })

  it.each<[what: string, spoil: (seen: MadeUp) => void]>([
    [
      'a takeover after a fault',
      (seen) => {
        seen.faults.push(fault())
        takenOver(seen)
      },
    ],
    ['a call that acts as a person has agreed', guarded(true, 'succeeded')],
    [
      'a call that a person has refused',
      (seen) => {
        guarded(false, 'denied')(seen)
        seen.effects = [acted(1), acted(2)]
      },
    ],
    [
      'an idempotent call that was executed twice',
      (seen) => seen.effects.push(acted(1, { at: 1900, process: 1 })),
    ],
    [
      'an unknown outcome after a fault',
      (seen) => {
        seen.faults.push(fault())
        setCall(seen, 0, 'unknown')
      },
    ],
    [
      'a run that is given up after three faults',
      (seen) => {
        Object.assign(seen.state, { status: 'failed', errorCode: 'recovery_exhausted' })
        seen.faults.push(fault(), fault({ process: 1 }), fault({ from: 2400, to: 2600 }))
      },
    ],
    [
      'a stop',
      (seen) => {
        stopped('acknowledged')(seen)
        seen.state.status = 'aborted'
      },
    ],
    [
      'an abort after a stop that nobody answered',
      (seen) => {
        stopped('unanswered')(seen)
        seen.state.status = 'aborted'
      },
    ],
    ['a stop that came too late', stopped('refused')],
    ['a run that a worker executes', (seen) => (seen.roles = ['worker', 'server'])],
    [
      'a run whose processes lose Redis',
      (seen) => seen.redisFaults.push(...REDIS_FAULTS.map((kind) => redisFault(kind))),
    ],
    ['a request that was on its way when its process was frozen', belated],
    [
      'a process that takes a run as soon as it wakes',
      (seen) => {
        belated(seen)
        seen.faults.push(fault({ process: 1, from: 2600, to: 2700 }))
        seen.state.said = [seen.state.said[0]!, textOf(seen.record.script, 1, 2)]
      },
    ],
    [
      'a server without a journal and records',
      (seen) => {
        delete seen.state.journal
        delete seen.state.calls
      },
    ],
  ])('accept %s', (_what, spoil) => {
    expect(rulesOf(spoil)).toEqual([])
  })

  it.each(FOUND)('"%s" finds %s', (rule, _what, spoil) => {
    expect(rulesOf(spoil)).toContain(rule)
  })
})

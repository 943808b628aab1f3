/** What the model of the compatibility tests says: every kind of part that a client may meet, held where a test wants. */
import type { LanguageModelV4Prompt, LanguageModelV4StreamPart } from '@ai-sdk/provider'
import {
  errorPart,
  finishPart,
  reasoningParts,
  textParts,
  toolCallParts,
  type ModelScript,
} from '../support/scripted-model.ts'

type Parts = readonly LanguageModelV4StreamPart[]

const everything: readonly Parts[] = [
  [
    ...reasoningParts(['First ', 'I have to ', 'look.'], { id: 'r' }),
    ...textParts(['Let me see: ', 'größer ', '😀😀 and ', '漢字.'], { id: 't' }),
    {
      type: 'source',
      sourceType: 'url',
      id: 's1',
      url: 'https://example.com/a',
      title: 'A source',
    },
    { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AQIDBA==' } },
    ...toolCallParts({ id: 'look', name: 'look', input: { place: 'Zürich', days: 3 } }),
    ...toolCallParts({ id: 'fail', name: 'fail', input: { reason: 'on purpose' } }),
    ...toolCallParts({ id: 'paint', name: 'paint', input: { colour: 'red' } }),
    finishPart('tool-calls'),
  ],
  [
    ...textParts(['One of them ', 'failed, ', 'so once more.'], { id: 't' }),
    ...toolCallParts({ id: 'look-again', name: 'look', input: { place: 'Bern', days: 1 } }),
    finishPart('tool-calls'),
  ],
  [
    ...reasoningParts(['Now I ', 'know.'], { id: 'r' }),
    ...textParts(['Here it is: ', 'ein **Ergebnis** ', '€ 3', '.', '\n\nThat ', 'is all.'], {
      id: 't',
    }),
    finishPart(),
  ],
]

/** The first attempt at the second step breaks off after this. */
const brokenOff: Parts = [
  ...reasoningParts(['Wrong '], { id: 'r' }),
  ...textParts(['This is void'], { id: 't' }).slice(0, -1),
]

type Call = { readonly name: string; readonly input: unknown; readonly id?: string }

/** Calls a tool, again and again, and says that it is done. */
const calling = (...calls: readonly Call[]): readonly Parts[] => [
  ...calls.map(({ id = 'call', ...call }) => [
    ...textParts(['A call ', 'is made.'], { id: 't' }),
    ...toolCallParts({ id, ...call }),
    finishPart('tool-calls'),
  ]),
  [...textParts(['That ', 'is done.'], { id: 't' }), finishPart()],
]

const ANSWERS = {
  everything,
  broken: everything,
  approval: calling({ name: 'pay', input: { to: 'Ada' } }),
  preliminary: calling({ name: 'draft', input: { lines: 3 } }),
  misfit: calling({ name: 'look', input: { place: 7 } }),
  'same id': calling(
    { name: 'look', input: { place: 'Zürich', days: 2 } },
    { name: 'look', input: { place: 'Bern', days: 1 } },
  ),
}

export type AnswerName = keyof typeof ANSWERS

export type Question = {
  readonly answer: AnswerName
  /** Unique: names the gate. */
  readonly key: string
  /** Waits at its gate before it says this part of the whole answer. */
  readonly hold?: number
}

export const textOf = ({ answer, key, hold }: Question): string =>
  [answer, key, hold ?? 'never'].join(', ')

const questionIn = (text: string): Question => {
  const [answer = '', key = '', hold = ''] = text.split(', ')
  if (!Object.hasOwn(ANSWERS, answer)) throw new TypeError(`There is no answer to "${text}".`)
  return { answer: answer as AnswerName, key, ...(hold === 'never' ? {} : { hold: Number(hold) }) }
}

/** How many parts an answer consists of. */
export const partsIn = (answer: AnswerName): number => ANSWERS[answer].flat().length

/** @param wait - settles when the gate of this name is open */
export const answerScript = (wait: (gate: string) => Promise<unknown>): ModelScript => {
  const broken = new Set<string>()
  return async function* (_call, { prompt }) {
    const { asked, step } = placeIn(prompt)
    const { answer, key, hold } = questionIn(asked)
    const steps = ANSWERS[answer]
    let index = steps.slice(0, step).flat().length
    if (answer === 'broken' && step === 1 && !broken.has(key)) {
      broken.add(key)
      yield* brokenOff
      return yield errorPart(Object.assign(new Error('overloaded'), { statusCode: 503 }))
    }
    for (const part of steps[step] ?? []) {
      if (index++ === hold) await wait(key)
      yield part
    }
  }
}

/** The last question, and how many steps of its answer there are. */
const placeIn = (prompt: LanguageModelV4Prompt): { asked: string; step: number } => {
  const at = prompt.findLastIndex(({ role }) => role === 'user')
  const [first] = prompt[at]?.content ?? []
  const asked = typeof first === 'object' && first.type === 'text' ? first.text : ''
  return { asked, step: prompt.slice(at).filter(({ role }) => role === 'assistant').length }
}

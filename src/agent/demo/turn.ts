/** Decides one model call of the demo model from the prompt alone: what was asked, what is done, what comes next. */
import type { LanguageModelV4Prompt } from '@ai-sdk/provider'
import { describeCommand, isToolCommand, listed, toolRequest } from './command.ts'
import type { Command, Program, ToolCommand } from './command.ts'
import { parseProgram } from './parse.ts'
import { reportOn } from './report.ts'
import type { ToolOutput } from './report.ts'
import { help, introduction, textOf } from './texts.ts'

export type Turn = {
  reasoning: string | undefined
  /** Paragraphs; slow ones are for watching. */
  texts: { text: string; isSlow: boolean }[]
  calls: { toolCallId: string; toolName: string; input: string }[]
}

/** The next model call of a conversation, given the names of the tools that may be called. */
export const planTurn = (prompt: LanguageModelV4Prompt, offered: ReadonlySet<string>): Turn => {
  const lastUser = prompt.findLastIndex(({ role }) => role === 'user')
  const program = parseProgram(textOfUser(prompt[lastUser]))
  const past = readPast(prompt.slice(lastUser + 1), program)
  const turn: Turn = { reasoning: undefined, texts: [], calls: [] }
  if (past.next === 0) {
    turn.reasoning = planText(program)
    addTexts(turn, openingOf(program))
  }
  addTexts(turn, past.reports)
  takeSteps(turn, program, past.next, offered)
  if (turn.texts.length === 0 && turn.calls.length === 0) addTexts(turn, ['All steps are done.'])
  return turn
}

const addTexts = (turn: Turn, texts: readonly string[]): void => {
  turn.texts.push(...texts.map((text) => ({ text, isSlow: false })))
}

type Message = LanguageModelV4Prompt[number]

const textOfUser = (message: Message | undefined): string =>
  message?.role === 'user'
    ? message.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
    : 'help'

type Past = { next: number; reports: string[] }

/** Which step was the last to call tools, told by the ids of its calls, and what came out of it. */
const readPast = (since: readonly Message[], program: Program): Past => {
  const toolSteps = program.steps.flatMap((step, index) =>
    step.some(isToolCommand) ? [index] : [],
  )
  const rounds = since.map(callIdsOf).filter((ids) => ids.length > 0)
  // Ids that are not ours (somebody rewrote them) count by their place.
  const calls = rounds.flatMap((ids, round) =>
    ids.map((id, place) => ({
      id,
      ...(readId(id) ?? { step: toolSteps[round] ?? toolSteps.length, place }),
    })),
  )
  if (calls.length === 0) return { next: 0, reports: [] }
  const last = Math.max(...calls.map(({ step }) => step))
  const results = resultsOf(since)
  const commands = (program.steps[last] ?? []).filter(isToolCommand)
  const reports = calls.flatMap(({ id, step, place }) => {
    const command = step === last ? commands[place] : undefined
    return command ? [reportOn(command, results.get(id))] : []
  })
  return { next: last + 1, reports }
}

const callIdsOf = (message: Message): string[] =>
  message.role === 'assistant'
    ? message.content.flatMap((part) => (part.type === 'tool-call' ? [part.toolCallId] : []))
    : []

const resultsOf = (messages: readonly Message[]): ReadonlyMap<string, ToolOutput> => {
  const results = new Map<string, ToolOutput>()
  for (const message of messages) {
    if (message.role !== 'assistant' && message.role !== 'tool') continue
    for (const part of message.content) {
      if (part.type === 'tool-result') results.set(part.toolCallId, part.output)
    }
  }
  return results
}

const idOf = (step: number, place: number): string => `call-${step + 1}-${place + 1}`

const readId = (id: string): { step: number; place: number } | undefined => {
  const [, step, place] = /^call-(\d{1,4})-(\d{1,4})$/.exec(id) ?? []
  return step && place ? { step: Number(step) - 1, place: Number(place) - 1 } : undefined
}

const openingOf = ({ steps, problems }: Program): string[] => {
  const isEmpty = steps.length === 0
  if (problems.length === 0) return isEmpty ? [introduction, help] : []
  return isEmpty ? [`${problems.join(' ')} ${introduction}`, help] : [problems.join(' ')]
}

/** Only work of several parts is worth a plan. */
const planText = ({ steps }: Program): string | undefined => {
  if (steps.flat().length < 2 || !steps.flat().some(isToolCommand)) return undefined
  const lines = steps.map((step, index) => `${index + 1}. ${listed(step.map(describeCommand))}`)
  return `Plan of the demo model:\n${lines.join('\n')}`
}

/** Writes the texts of the steps up to the next one that calls tools, and its calls. */
const takeSteps = (
  turn: Turn,
  { steps }: Program,
  next: number,
  offered: ReadonlySet<string>,
): void => {
  const missed: ToolCommand[] = []
  for (const [index, step] of steps.entries()) {
    if (index < next) continue
    for (const command of step) {
      if (!isToolCommand(command))
        turn.texts.push({ text: textOf(command), isSlow: isSlow(command) })
    }
    const commands = step.filter(isToolCommand)
    const possible = commands.filter((command) => offered.has(toolRequest(command).toolName))
    missed.push(...commands.filter((command) => !possible.includes(command)))
    if (possible.length === 0) continue
    addTexts(turn, [
      ...missedText(missed, offered),
      `${next === 0 ? 'I will' : 'Next I will'} ${listed(possible.map(describeCommand))}.`,
    ])
    turn.calls.push(
      ...possible.map((command) => callOf(command, idOf(index, commands.indexOf(command)))),
    )
    return
  }
  addTexts(turn, missedText(missed, offered))
}

const isSlow = (command: Command): boolean => 'isSlow' in command && command.isSlow

const callOf = (command: ToolCommand, toolCallId: string): Turn['calls'][number] => {
  const { toolName, input } = toolRequest(command)
  return { toolCallId, toolName, input: JSON.stringify(input) }
}

const missedText = (missed: readonly ToolCommand[], offered: ReadonlySet<string>): string[] => {
  if (missed.length === 0) return []
  const what = listed(missed.map(describeCommand))
  if (offered.size === 0) return [`I may not call tools in this answer, so I did not ${what}.`]
  const names = [...new Set(missed.map((command) => toolRequest(command).toolName))]
  return [
    `I was not given the ${names.length === 1 ? 'tool' : 'tools'} ${listed(names)}, so I did not ${what}.`,
  ]
}

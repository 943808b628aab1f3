/** Every reader that stays ends with the persisted answer, whatever its connections went through. */
import { isDeepStrictEqual } from 'node:util'
import type { ReaderRecord } from '../history.ts'
import type { SeenRun, Sight, Violation } from './sight.ts'

export const checkReaders = ({ runs }: Sight): Violation[] =>
  runs.flatMap((run) => run.record.readers.flatMap((reader) => ofReader(run, reader)))

const ofReader = ({ state, name }: SeenRun, reader: ReaderRecord): Violation[] => {
  const violation = (rule: string, detail: string) => ({ rule, run: name, detail })
  const violations: Violation[] = []
  const who = `${reader.name}, in ${reader.connections} connections,`
  if (reader.endedTooSoon > 0)
    violations.push(
      violation(
        'an unfinished answer never ends cleanly',
        `${who} saw ${reader.endedTooSoon} of them end as if the answer were complete.`,
      ),
    )
  if (!reader.done)
    violations.push(
      violation(
        'every reader gets to the end',
        `${who} did not: ${reader.lastError ?? 'silence'}.`,
      ),
    )
  else if (state && !isDeepStrictEqual(reader.answer, state.answer))
    violations.push(
      violation(
        'every reader ends with the persisted answer',
        `${who} has ${JSON.stringify(reader.answer)}; persisted is ${JSON.stringify(state.answer)}. It was sent:\n${framesOf(reader)}`,
      ),
    )
  const { finishedAt } = state ?? {}
  if (reader.doneAt !== undefined && finishedAt !== undefined && reader.doneAt < finishedAt)
    violations.push(
      violation('complete means settled', `${who} was told of the end before the run had settled.`),
    )
  return violations
}

const framesOf = ({ frames }: ReaderRecord): string =>
  frames
    .map(({ connection, id, chunk }) => `  ${connection}: ${id} ${JSON.stringify(chunk)}`)
    .join('\n')

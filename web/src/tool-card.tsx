/** One tool call: its name, how it stands, what went in and what came out. */
import { getToolName, type DynamicToolUIPart, type ToolUIPart } from 'ai'
import { Value } from './value.tsx'

type ToolPart = ToolUIPart | DynamicToolUIPart
type Standing = 'preparing' | 'running' | 'done' | 'failed' | 'waiting'

export const ToolCard = ({ part }: { part: ToolPart }) => {
  const name = getToolName(part)
  const standing = standingOf(part)
  return (
    <section className={`card ${standing}`} aria-label={`Tool call ${name}`}>
      <header>
        <code>{name}</code>
        <span className="standing">{standing}</span>
      </header>
      {part.input !== undefined && <Value label="Input" value={part.input} />}
      {part.state === 'output-available' && (
        <Value label={part.preliminary ? 'So far' : 'Output'} value={part.output} />
      )}
      {part.state === 'output-error' && <Value label="Error" value={part.errorText} />}
    </section>
  )
}

const standingOf = (part: ToolPart): Standing => {
  switch (part.state) {
    case 'input-streaming':
      return 'preparing'
    case 'input-available':
      return 'running'
    case 'output-available':
      return part.preliminary ? 'running' : 'done'
    case 'output-error':
    case 'output-denied':
      return 'failed'
    case 'approval-requested':
    case 'approval-responded':
      return 'waiting'
    default:
      return part satisfies never
  }
}

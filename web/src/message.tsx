/** One message, part for part as it was sent; text stays plain text. */
import { isDataUIPart, isToolUIPart } from 'ai'
import { memo } from 'react'
import type { Message, Run } from './api.ts'
import { ToolCard } from './tool-card.tsx'
import { Value } from './value.tsx'

type Part = Message['parts'][number]
type Props = {
  message: Message
  /** The run that made the message, when it is known how it is. */
  ended: Run | undefined
}

export const MessageView = memo(({ message, ended }: Props) => {
  const who = message.role === 'user' ? 'You' : 'Answer'
  return (
    <article className={`message ${message.role}`} aria-label={who}>
      {message.parts.map((part, index) => (
        <PartView key={index} part={part} step={stepNumber(message.parts, index)} />
      ))}
      {ended?.status === 'aborted' && <p className="ending">Stopped.</p>}
      {ended?.status === 'failed' && (
        <p className="ending failed">This answer failed: {ended.error ?? 'no reason is known.'}</p>
      )}
    </article>
  )
})

const stepNumber = (parts: readonly Part[], index: number): number =>
  parts.slice(0, index + 1).filter(({ type }) => type === 'step-start').length

const PartView = ({ part, step }: { part: Part; step: number }) => {
  if (isToolUIPart(part)) return <ToolCard part={part} />
  if (isDataUIPart(part)) return <Labelled label={part.type.slice(5)} value={part.data} />
  switch (part.type) {
    case 'step-start':
      return step > 1 ? <p className="step">Step {step}</p> : null
    case 'text':
      return part.text === '' ? null : <p className="text">{part.text}</p>
    case 'reasoning':
      return (
        <details className="reasoning">
          <summary>{part.state === 'streaming' ? 'Reasoning …' : 'Reasoning'}</summary>
          <p className="text">{part.text}</p>
        </details>
      )
    case 'source-url':
      return (
        <p className="source">
          Source: <WebLink url={part.url} text={part.title || part.url} />
        </p>
      )
    case 'source-document':
      return <p className="source">Source: {part.title || part.filename}</p>
    case 'file':
      return <FilePart {...part} />
    case 'reasoning-file':
      return <FilePart {...part} />
    case 'custom':
      return <Labelled label="custom" value={part.kind} />
    case 'steering-message':
      return <Labelled label="added meanwhile" value={part.parts} />
    default:
      return null
  }
}

/** Only web addresses become links: a model may write any scheme. */
const WebLink = ({ url, text }: { url: string; text: string }) =>
  /^https?:\/\//i.test(url) ? (
    <a href={url} target="_blank" rel="noreferrer noopener">
      {text}
    </a>
  ) : (
    <span>{text}</span>
  )

type FileProps = { mediaType: string; url: string; filename?: string }

const FilePart = ({ mediaType, url, filename }: FileProps) => {
  const name = filename ?? `file (${mediaType})`
  const isOwn = url.startsWith('data:') || url.startsWith('/ai-chat/files/')
  if (!isOwn)
    return (
      <p className="source">
        File: <WebLink url={url} text={name} />
      </p>
    )
  if (/^image\/(png|jpeg|gif|webp|avif)$/.test(mediaType)) return <img src={url} alt={name} />
  return (
    <p className="source">
      File:{' '}
      <a href={url} download={filename ?? 'file'}>
        {name}
      </a>
    </p>
  )
}

const Labelled = ({ label, value }: { label: string; value: unknown }) => (
  <section className="card" aria-label={label}>
    <header>
      <code>{label}</code>
    </header>
    <Value value={value} />
  </section>
)

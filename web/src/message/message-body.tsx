/** What one message looks like. A message that does not change is not rendered again. */
import type { OutlastMessage, RunSummary } from 'outlast/client'
import { VisuallyHidden } from '@mantine/core'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { Boundary } from './boundary.tsx'
import type { ToolPart } from './call-state.ts'
import { DataPart } from './data-part.tsx'
import { Ending } from './ending.tsx'
import { FilePart } from './file-part.tsx'
import { Reasoning } from './reasoning.tsx'
import { Sources } from './sources.tsx'
import { TextPart } from './text-part.tsx'
import { ToolCard } from './tool-card.tsx'
import { asText } from './value.tsx'
import classes from './message.module.css'

export type ApprovalDecision = {
  readonly id: string
  readonly approved: boolean
  readonly reason?: string
}

export type GivenOutput = {
  readonly toolCallId: string
  readonly toolName: string
  readonly output: unknown
}

export type MessageBodyProps = {
  readonly message: OutlastMessage
  /** This answer is being written. */
  readonly isStreaming: boolean
  /** The run of this answer, when it is known. */
  readonly run: RunSummary | undefined
  readonly onApproval?: (decision: ApprovalDecision) => void
  readonly onOutput?: (given: GivenOutput) => void
}

type Part = OutlastMessage['parts'][number]

export const MessageBody = memo((props: MessageBodyProps) => {
  const { message, isStreaming, run } = props
  const { t } = useTranslation()
  const shown = message.parts.filter(isShown)
  return (
    <div className={classes.body}>
      {message.role === 'assistant' && (
        // Who listens goes from answer to answer; the titles in it stand below this one.
        <VisuallyHidden component="h2">{t('chat.answer')}</VisuallyHidden>
      )}
      {shown.map((part, index) => (
        <Boundary key={keyOf(part, index)} fallback={<Unshowable part={part} />}>
          <ShownPart
            {...props}
            part={part}
            isLive={isStreaming && index === shown.length - 1 && isOpen(part)}
          />
        </Boundary>
      ))}
      <Boundary fallback={null}>
        <Sources parts={message.parts} />
      </Boundary>
      {run && !isStreaming && <Ending run={run} />}
    </div>
  )
})
MessageBody.displayName = 'MessageBody'

/** Marks between steps and what stands at the end of the message have no place of their own. */
const isShown = (part: Part): boolean => {
  switch (part.type) {
    case 'text':
      return part.text !== ''
    case 'reasoning':
      return part.text !== '' || part.state === 'streaming'
    case 'step-start':
    case 'custom':
    case 'source-url':
    case 'source-document':
      return false
    default:
      return true
  }
}

const isOpen = (part: Part): boolean => !('state' in part) || part.state !== 'done'

const isTool = (part: Part): part is ToolPart =>
  part.type === 'dynamic-tool' || part.type.startsWith('tool-')

const keyOf = (part: Part, index: number): string =>
  isTool(part) ? `${index} ${part.toolCallId}` : `${index} ${part.type}`

type ShownProps = MessageBodyProps & { readonly part: Part; readonly isLive: boolean }

const ShownPart = ({ part, isLive, message, isStreaming, run, ...asked }: ShownProps) => {
  if (isTool(part))
    return (
      <ToolCard
        part={part}
        isStreaming={isStreaming}
        runId={message.metadata?.runId ?? run?.id}
        status={run?.status}
        onApproval={asked.onApproval}
        onOutput={asked.onOutput}
      />
    )
  switch (part.type) {
    case 'text':
      return (
        <div data-part="text">
          {message.role === 'assistant' ? (
            <TextPart text={part.text} isStreaming={isLive} />
          ) : (
            <div className={classes.plain}>{part.text}</div>
          )}
        </div>
      )
    case 'reasoning':
      return <Reasoning text={part.text} isLive={isLive} />
    case 'file':
    case 'reasoning-file':
      return <FilePart file={part} />
    case 'steering-message':
      return <Meanwhile parts={part.parts} />
    default:
      return <DataPart part={part} />
  }
}

/** What a person said while the answer was being written. */
const Meanwhile = ({
  parts,
}: {
  readonly parts: Extract<Part, { type: 'steering-message' }>['parts']
}) => {
  const { t } = useTranslation()
  return (
    <div className={classes.card} role="group" aria-label={t('message.steering')}>
      {parts.map((part, index) =>
        part.type === 'text' ? (
          <p key={index} className={classes.plain}>
            {part.text}
          </p>
        ) : (
          <FilePart key={index} file={part} />
        ),
      )}
    </div>
  )
}

const Unshowable = ({ part }: { readonly part: Part }) => {
  const { t } = useTranslation()
  return (
    <div className={classes.failure} role="note">
      <p>{t('message.broken')}</p>
      <pre>{asText(part).slice(0, 4000)}</pre>
    </div>
  )
}

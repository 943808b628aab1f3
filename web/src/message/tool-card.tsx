/** A tool call: its name, input and state on one line; unfolded what went in and what came out. */
import type { RunSummary } from 'outlast/client'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { Approval } from './approval.tsx'
import { briefOf } from './brief.ts'
import { CallMark } from './call-mark.tsx'
import { callState, type CallState, type ToolPart } from './call-state.ts'
import { CallTimes } from './call-times.tsx'
import { Fold } from './fold.tsx'
import { GiveOutput } from './give-output.tsx'
import type { ApprovalDecision, GivenOutput } from './message-body.tsx'
import { plainName } from './names.ts'
import { Value } from './value.tsx'
import classes from './message.module.css'

type Props = {
  readonly part: ToolPart
  readonly isStreaming: boolean
  readonly runId: string | undefined
  readonly status: RunSummary['status'] | undefined
  readonly onApproval: ((decision: ApprovalDecision) => void) | undefined
  readonly onOutput: ((given: GivenOutput) => void) | undefined
}

export const toolNameOf = (part: ToolPart): string =>
  part.type === 'dynamic-tool' ? part.toolName : part.type.slice('tool-'.length)

const isOver = (part: ToolPart): boolean =>
  part.state === 'output-available'
    ? !part.preliminary
    : part.state === 'output-error' || part.state === 'output-denied'

/** Parts are copied with each chunk of their message; what a call that is over says does not change. */
const isSame = (before: Props, after: Props): boolean =>
  before.part.toolCallId === after.part.toolCallId &&
  before.part.state === after.part.state &&
  isOver(before.part) &&
  isOver(after.part) &&
  before.runId === after.runId

export const ToolCard = memo((props: Props) => {
  const { part, isStreaming, status, onApproval, onOutput } = props
  const { t } = useTranslation()
  const state = callState(part, { isStreaming, run: status && { status } })
  const name = plainName(toolNameOf(part))
  const isAsking = state === 'approval' || state === 'output'
  return (
    <div
      role="group"
      data-part="tool"
      data-state={state}
      className={classes.card}
      aria-label={t('message.tool.card', { name })}
    >
      <Fold
        isOpen={isAsking}
        summary={
          <>
            <span className={classes.mark}>
              <CallMark state={state} />
            </span>
            <span className={classes.toolName}>{name}</span>
            <span className={classes.brief}>{briefOf(part.input)}</span>
            <span className={classes.state}>{t(`message.tool.states.${state}`)}</span>
          </>
        }
      >
        {() => <Inside {...props} state={state} />}
      </Fold>
      {state === 'approval' && part.state === 'approval-requested' && onApproval && (
        <Approval approval={part.approval} onDecide={onApproval} />
      )}
      {state === 'output' && onOutput && (
        <GiveOutput
          name={name}
          onGive={(output) =>
            onOutput({ toolCallId: part.toolCallId, toolName: toolNameOf(part), output })
          }
        />
      )}
    </div>
  )
}, isSame)
ToolCard.displayName = 'ToolCard'

type InsideProps = Props & { readonly state: CallState }

const Inside = ({ part, state, runId }: InsideProps) => {
  const { t } = useTranslation()
  const reason = part.approval?.reason
  return (
    <div className={classes.inside}>
      {part.input !== undefined && <Value title={t('message.tool.input')} value={part.input} />}
      {part.state === 'output-available' && (
        <Value
          title={part.preliminary ? t('message.tool.outputSoFar') : t('message.tool.output')}
          value={part.output}
        />
      )}
      {state === 'failed' && part.state === 'output-error' && (
        <Value title={t('message.tool.error')} value={part.errorText} isWrong />
      )}
      {(state === 'interrupted' || state === 'skipped' || state === 'unknown') && (
        <p className={classes.note}>{t(`message.tool.explain.${state}`)}</p>
      )}
      {reason && <p className={classes.note}>{t('message.tool.reason', { reason })}</p>}
      {part.providerExecuted && <p className={classes.note}>{t('message.tool.provider')}</p>}
      {runId !== undefined && isOver(part) && !part.providerExecuted && (
        <CallTimes runId={runId} toolCallId={part.toolCallId} />
      )}
    </div>
  )
}

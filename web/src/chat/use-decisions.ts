/** Decides about calls that wait for a person. The first answer counts, and whoever comes late is told so. */
import { notifications } from '@mantine/notifications'
import { isToolUIPart } from 'ai'
import { OutlastError, type Decision, type OutlastMessage } from 'outlast/client'
import type { OutlastChatHelpers } from 'outlast/react'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../client.ts'
import type { ApprovalDecision, GivenOutput } from '../message/message-body.tsx'

export type Decisions = ReturnType<typeof useDecisions>

export const useDecisions = ({ reload }: OutlastChatHelpers<OutlastMessage>) => {
  const { t } = useTranslation()
  const tell = useCallback(
    (message: string) => notifications.show({ message, role: 'alert', autoClose: 10_000 }),
    [],
  )
  const decide = useCallback(
    async (runId: string, decision: Decision) => {
      try {
        await client.runs.decide(runId, [decision])
        if (!(await hasCounted(runId, decision))) tell(t('chat.decisions.late'))
      } catch (error) {
        const isLate = error instanceof OutlastError && error.code === 'NOT_WAITING'
        const { message: reason } = error as Error
        tell(isLate ? t('chat.decisions.over') : t('chat.decisions.failed', { reason }))
      }
      reload()
    },
    [reload, t, tell],
  )
  const approve = useCallback(
    ({ metadata }: OutlastMessage, { id, approved, reason }: ApprovalDecision) => {
      const said = reason === undefined ? {} : { reason }
      if (metadata?.runId) void decide(metadata.runId, { approvalId: id, approved, ...said })
    },
    [decide],
  )
  const giveOutput = useCallback(
    ({ metadata }: OutlastMessage, { toolCallId, output }: GivenOutput) => {
      if (metadata?.runId) void decide(metadata.runId, { toolCallId, output })
    },
    [decide],
  )
  return { approve, giveOutput }
}

/** While other calls wait the server takes no notice of a decision that came late. */
const hasCounted = async (runId: string, decision: Decision): Promise<boolean> => {
  if (!('approvalId' in decision)) return true
  const { message } = await client.runs.find(runId)
  const call = message?.parts
    .filter((part) => isToolUIPart(part))
    .find(({ approval }) => approval?.id === decision.approvalId)
  return call?.approval?.approved === undefined || call.approval.approved === decision.approved
}

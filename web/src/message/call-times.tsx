/** How long a call took and how often it was started, which the run's ledger knows. */
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { client } from '../client.ts'
import { formatDuration } from '../lib/format.ts'
import classes from './message.module.css'

type Props = { readonly runId: string; readonly toolCallId: string }

export const CallTimes = ({ runId, toolCallId }: Props) => {
  const { t } = useTranslation()
  const { data: call } = useQuery({
    queryKey: ['call', runId, toolCallId],
    queryFn: async ({ signal }) => {
      const steps = await client.runs.steps(runId, { signal })
      // Providers may use the ids of their calls again: the card shows the last one.
      return (
        steps.flatMap(({ calls }) => calls).findLast((one) => one.toolCallId === toolCallId) ?? null
      )
    },
    staleTime: Infinity,
  })
  if (!call?.finishedAt) return null
  const ms = Date.parse(call.finishedAt) - Date.parse(call.startedAt)
  return (
    <p className={classes.note}>
      {t('message.tool.took', { duration: formatDuration(ms) })}
      {call.attempt > 1 && ` · ${t('message.tool.attempts', { count: call.attempt })}`}
    </p>
  )
}

/** Says that an answer was continued by another worker, while it is and afterwards: a calm fact, and where it shows more. */
import { Text } from '@mantine/core'
import { IconArrowsExchange } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { RunSummary } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import { client } from '../client.ts'
import { takeoverIn, type Takeover } from './takeover.ts'
import classes from './worker-note.module.css'

type Props = { readonly run: RunSummary | null | undefined }

export const WorkerNote = ({ run }: Props) => {
  const { t } = useTranslation()
  const takeover = useTakeover(run)
  return (
    <div role="status" aria-live="polite">
      {takeover && (
        <Text className={classes.note} size="sm" c="dimmed">
          <IconArrowsExchange size={15} aria-hidden />
          {t(`presence.takeover.${takeover}`)}
        </Text>
      )}
    </div>
  )
}

/** Only a run that was taken more than once can have been taken over: for the others nothing is asked. */
const useTakeover = (run: RunSummary | null | undefined): Takeover | undefined => {
  const { id = '', epoch = 0 } = run ?? {}
  const { data } = useQuery({
    queryKey: ['holds', id, epoch],
    enabled: epoch > 1,
    staleTime: Infinity,
    queryFn: async ({ signal }) => (await client.runs.find(id, { signal })).holds,
  })
  return data && takeoverIn(data)
}

/** Stops several active runs, after a question, and says in words what became of it. */
import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core'
import { IconPlayerStop } from '@tabler/icons-react'
import type { RunDetails } from 'outlast/client'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../client.ts'
import { isActive } from './run-state.tsx'
import classes from './runs-page.module.css'

/** What the server takes at once. */
const MOST_AT_ONCE = 100

type Props = {
  readonly items: readonly RunDetails[]
  readonly selected: ReadonlySet<string>
  readonly setAll: (runIds: readonly string[]) => void
}

export const BulkStop = ({ items, selected, setAll }: Props) => {
  const { t } = useTranslation()
  // What is asked about is what is stopped, whatever becomes of it meanwhile.
  const [asked, setAsked] = useState<readonly string[]>()
  const [result, setResult] = useState('')
  const active = items.filter(isActive).map(({ id }) => id)
  const count = selected.size
  const isAll = count > 0 && count === active.length
  const done = (stopped: number) => {
    const rest = (asked?.length ?? 0) - stopped
    const words = [
      ...(stopped > 0 ? [t('runs.stopped', { count: stopped })] : []),
      ...(rest > 0 ? [t('runs.stoppedNot', { count: rest })] : []),
    ]
    setResult(words.join(' '))
    setAsked(undefined)
    setAll([])
  }
  return (
    <div className={classes.bulk}>
      {active.length > 0 && (
        <>
          <Checkbox
            size="sm"
            label={count > 0 ? t('runs.selected', { count }) : t('runs.selectAll')}
            aria-label={t('runs.selectAll')}
            checked={isAll}
            indeterminate={count > 0 && !isAll}
            onChange={() => setAll(isAll ? [] : active)}
          />
          {count > 0 && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlayerStop size={16} />}
              onClick={() => setAsked([...selected])}
            >
              {t('runs.stop', { count })}
            </Button>
          )}
        </>
      )}
      <Text role="status" size="sm">
        {result}
      </Text>
      {asked && <StopDialog runIds={asked} onDone={done} onClose={() => setAsked(undefined)} />}
    </div>
  )
}

type DialogProps = {
  readonly runIds: readonly string[]
  readonly onDone: (stopped: number) => void
  readonly onClose: () => void
}

const StopDialog = ({ runIds, onDone, onClose }: DialogProps) => {
  const { t } = useTranslation()
  const [isBusy, setIsBusy] = useState(false)
  const [reason, setReason] = useState<string>()
  const count = runIds.length
  const stop = async () => {
    setIsBusy(true)
    setReason(undefined)
    try {
      onDone(await stopAll(runIds))
    } catch (error) {
      setReason((error as Error).message)
      setIsBusy(false)
    }
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('runs.stopDialog.title', { count })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Text>{t('runs.stopDialog.text')}</Text>
        {reason !== undefined && (
          <Text role="alert" size="sm" c="var(--page-wrong)">
            {t('runs.stopFailed', { reason })}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button color="red.8" loading={isBusy} onClick={() => void stop()}>
            {t('runs.stop', { count })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** @returns how many will settle as aborted */
const stopAll = async (runIds: readonly string[]): Promise<number> => {
  let stopped = 0
  for (let at = 0; at < runIds.length; at += MOST_AT_ONCE)
    stopped += (await client.runs.stop(runIds.slice(at, at + MOST_AT_ONCE))).length
  return stopped
}

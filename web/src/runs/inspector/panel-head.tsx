/** What is looked at, and the ways to what is beside it. */
import { ActionIcon, Button } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import type { Step } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import type { InspectorSearch } from './inspector-search.ts'
import classes from './inspector.module.css'

type Props = {
  readonly title: string
  readonly steps: readonly Step[]
  readonly stepIndex: number
  readonly onSelect: (chosen: InspectorSearch) => void
}

export const PanelHead = ({ title, steps, stepIndex, onSelect }: Props) => {
  const { t } = useTranslation()
  const last = steps.at(-1)?.stepIndex ?? 0
  return (
    <div className={classes.panelHead}>
      <h2 className={classes.panelTitle}>{title}</h2>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t('inspector.panel.previous')}
        disabled={stepIndex === 0}
        onClick={() => onSelect({ step: stepIndex - 1 })}
      >
        <IconChevronLeft size={18} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t('inspector.panel.next')}
        disabled={stepIndex >= last}
        onClick={() => onSelect({ step: stepIndex + 1 })}
      >
        <IconChevronRight size={18} />
      </ActionIcon>
      <Button variant="subtle" size="compact-sm" onClick={() => onSelect({})}>
        {t('inspector.panel.close')}
      </Button>
    </div>
  )
}

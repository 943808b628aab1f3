/** How much of the axis is seen. */
import { ActionIcon, Group, SegmentedControl, Switch } from '@mantine/core'
import { IconZoomIn, IconZoomOut } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import classes from './timeline.module.css'

/** All of it, its last minute, or so many times as much detail. */
export type View = 'fit' | 'minute' | number

type Props = {
  readonly view: View
  readonly onView: (view: View) => void
  readonly hasGaps: boolean
  readonly isCutting: boolean
  readonly onCutting: (isCutting: boolean) => void
}

const MOST_ZOOM = 256

export const Tools = ({ view, onView, hasGaps, isCutting, onCutting }: Props) => {
  const { t } = useTranslation()
  const zoom = typeof view === 'number' ? view : 1
  const change = (next: number) => onView(next <= 1 ? 'fit' : Math.min(MOST_ZOOM, next))
  return (
    <Group className={classes.tools} gap="sm">
      <SegmentedControl
        size="xs"
        aria-label={t('inspector.timeline.view')}
        value={typeof view === 'number' ? '' : view}
        onChange={(value) => onView(value as View)}
        data={[
          { value: 'fit', label: t('inspector.timeline.fit') },
          { value: 'minute', label: t('inspector.timeline.minute') },
        ]}
      />
      <Group gap={4}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t('inspector.timeline.zoomOut')}
          disabled={view === 'fit'}
          onClick={() => change(zoom / 2)}
        >
          <IconZoomOut size={18} />
        </ActionIcon>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t('inspector.timeline.zoomIn')}
          disabled={zoom >= MOST_ZOOM}
          onClick={() => change(zoom * 2)}
        >
          <IconZoomIn size={18} />
        </ActionIcon>
      </Group>
      {hasGaps && (
        <Switch
          size="xs"
          label={t('inspector.timeline.cut')}
          checked={isCutting}
          onChange={({ currentTarget }) => onCutting(currentTarget.checked)}
        />
      )}
    </Group>
  )
}

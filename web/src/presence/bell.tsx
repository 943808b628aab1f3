/** Turns notifications on and off; the browser is asked for them when somebody wants them, and never before. */
import { ActionIcon, Tooltip } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { IconBell, IconBellOff, IconBellRinging } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { canNotify, SETTING } from './notify.ts'

export const Bell = () => (canNotify() ? <Switch /> : null)

const Switch = () => {
  const { t } = useTranslation()
  const [isWanted, setWanted] = useLocalStorage({ key: SETTING, defaultValue: false })
  const [permission, setPermission] = useState(Notification.permission)
  const isOn = isWanted && permission === 'granted'
  const toggle = async () => {
    const answer = isOn ? permission : await Notification.requestPermission()
    setPermission(answer)
    setWanted(!isOn && answer === 'granted')
  }
  const label = permission === 'denied' ? 'blocked' : isOn ? 'on' : 'off'
  const Sign = { blocked: IconBellOff, on: IconBellRinging, off: IconBell }[label]
  return (
    <Tooltip label={t(`presence.bell.${label}`)} multiline maw={260} withArrow>
      <ActionIcon
        variant="subtle"
        color={isOn ? 'pine' : 'gray'}
        size="lg"
        aria-label={t('presence.bell.name')}
        aria-pressed={isOn}
        onClick={() => void toggle()}
      >
        <Sign size={18} />
      </ActionIcon>
    </Tooltip>
  )
}

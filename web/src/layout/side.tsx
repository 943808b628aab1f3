/** The side: the brand, the chats, the other pages, and what belongs to the person. */
import { Text } from '@mantine/core'
import { IconChartBar, IconTimelineEvent } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import icon from '../icon.svg'
import { ChatList } from '../chats/chat-list.tsx'
import { Bell } from '../presence/bell.tsx'
import { SettingsMenu } from './settings-menu.tsx'
import classes from './side.module.css'

export const Side = () => {
  const { t } = useTranslation()
  return (
    <nav className={classes.side} aria-label={t('common.navigation')}>
      <div className={classes.head}>
        <img src={icon} width={24} height={24} alt="" />
        <Text fw={700}>{t('common.product')}</Text>
      </div>
      <ChatList />
      <div className={classes.foot}>
        <div className={classes.pages}>
          <Link className={classes.page} to="/runs">
            <IconTimelineEvent size={18} aria-hidden />
            {t('common.runs')}
          </Link>
          <Link className={classes.page} to="/overview">
            <IconChartBar size={18} aria-hidden />
            {t('common.overview')}
          </Link>
        </div>
        <Bell />
        <SettingsMenu />
      </div>
    </nav>
  )
}

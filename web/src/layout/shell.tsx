/** What surrounds every page: chats and pages at the side, on a phone behind a button. */
import { ActionIcon, Drawer, Text } from '@mantine/core'
import { IconMenu2 } from '@tabler/icons-react'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { NewestChats } from '../chats/newest-chats.tsx'
import { Presence } from '../presence/presence.tsx'
import { Commands } from './commands.tsx'
import { KeysDialog } from './keys-dialog.tsx'
import { Side } from './side.tsx'
import classes from './shell.module.css'

export const Shell = () => {
  const { t } = useTranslation()
  const path = useRouterState({ select: ({ location }) => location.pathname })
  // Whoever has chosen a page wants to see it: the menu is open for one address.
  const [openAt, setOpenAt] = useState<string>()
  const close = () => setOpenAt(undefined)
  return (
    <NewestChats>
      <div className={classes.shell}>
        <a className={classes.skip} href="#content">
          {t('common.skip')}
        </a>
        <section className={classes.bar} aria-label={t('common.product')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t('common.menu')}
            onClick={() => setOpenAt(path)}
          >
            <IconMenu2 size={20} />
          </ActionIcon>
          <Text fw={600}>{t('common.product')}</Text>
        </section>
        <div className={classes.side}>
          <Side />
        </div>
        <Drawer
          opened={openAt === path}
          onClose={close}
          size="20rem"
          title={t('common.product')}
          closeButtonProps={{ 'aria-label': t('common.closeMenu') }}
          styles={{ body: { padding: 0, height: 'calc(100% - 3.75rem)' } }}
        >
          <Side />
        </Drawer>
        <main id="content" className={classes.main} tabIndex={-1}>
          <Presence />
          <Outlet />
        </main>
        <Commands />
        <KeysDialog />
      </div>
    </NewestChats>
  )
}

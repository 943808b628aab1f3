/** Who is signed in, and the way out; nothing where the page has signed nobody in. */
import { Menu } from '@mantine/core'
import { IconLogout } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { tellFailure } from '../lib/tell-failure.ts'
import { sessionQuery, signOut } from './session.ts'

export const SessionItems = () => {
  const { t } = useTranslation()
  const { data: session } = useQuery(sessionQuery)
  if (!session?.canSignOut) return null
  const { user, workspace } = session
  const leave = () => tellFailure(signOut(), (reason) => t('session.signOutFailed', { reason }))
  return (
    <>
      <Menu.Divider />
      <Menu.Label>{t('session.who', { user: user.name, workspace: workspace.name })}</Menu.Label>
      <Menu.Item leftSection={<IconLogout size={16} />} onClick={leave}>
        {t('session.signOut')}
      </Menu.Item>
    </>
  )
}

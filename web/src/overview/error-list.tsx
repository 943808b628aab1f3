/** Why runs failed, each reason leading to the runs. */
import { Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Overview } from 'outlast/client'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { Period } from '../runs/runs-search.ts'
import classes from './overview.module.css'

type Props = { readonly errors: Overview['byError']; readonly last: Period }

export const ErrorList = ({ errors, last }: Props) => {
  const { t } = useTranslation()
  const id = useId()
  return (
    <section className={classes.card} aria-labelledby={id}>
      <Title order={2} size="h5" id={id}>
        {t('overview.errors.title')}
      </Title>
      {errors.length === 0 && <Text c="dimmed">{t('overview.errors.none')}</Text>}
      <ul className={classes.errors}>
        {errors.map(({ errorCode: error, runs }) => (
          <li key={error}>
            <Link
              className={classes.link}
              to="/runs"
              search={{ status: 'failed', error, last }}
              aria-label={t('overview.errors.show', { error })}
            >
              <code>{error}</code>
            </Link>
            <span>{t('overview.errors.runs', { count: runs })}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Where a person gives a token. It stays in the field until it is sent, and is kept nowhere on the page. */
import { Button, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { OutlastError } from 'outlast/client'
import { useEffect, useRef, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'
import icon from '../icon.svg'
import { sessionQuery, signIn } from './session.ts'
import classes from './session.module.css'

/** @param wasSignedIn - until something ended that */
export const SignInPage = ({ wasSignedIn }: { readonly wasSignedIn: boolean }) => {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const field = useRef<HTMLInputElement>(null)
  useDocumentTitle(t('session.documentTitle'))
  const { mutate, isPending, error } = useMutation({
    mutationFn: signIn,
    onSuccess: (session) => queries.setQueryData(sessionQuery.queryKey, session),
  })
  useEffect(() => {
    if (!isPending) field.current?.focus()
  }, [isPending])
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (!isPending) mutate(field.current?.value ?? '')
  }
  return (
    <main className={classes.page}>
      <form className={classes.card} onSubmit={submit}>
        <Stack>
          <img src={icon} width={40} height={40} alt="" />
          <Title order={1} size="h2">
            {t('session.title')}
          </Title>
          <Text>{t(wasSignedIn ? 'session.ended' : 'session.text')}</Text>
          {/* Password managers keep a password under a name. */}
          <input type="text" autoComplete="username" value={t('common.product')} readOnly hidden />
          <PasswordInput
            ref={field}
            name="token"
            label={t('session.token')}
            description={t('session.where')}
            autoComplete="current-password"
            spellCheck={false}
            required
            withAsterisk={false}
            error={error && <Failure error={error} />}
            aria-invalid={error !== null}
            errorProps={{ role: 'alert' }}
            visibilityToggleButtonProps={{ 'aria-label': t('session.show'), tabIndex: 0 }}
          />
          <Button type="submit" loading={isPending}>
            {t('session.signIn')}
          </Button>
        </Stack>
      </form>
    </main>
  )
}

const Failure = ({ error }: { readonly error: Error }) => {
  const { t } = useTranslation()
  const reason = error.message
  const { code = '', retryAfter: seconds = 60 } = error instanceof OutlastError ? error : {}
  if (code === 'NOT_AUTHENTICATED') return t('session.refused', { reason })
  if (code === 'RATE_LIMITED') return t('session.tooMany', { seconds })
  return t('session.failed', { reason })
}

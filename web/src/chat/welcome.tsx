/** What a chat says in which nobody has asked anything: what is special here, and with the demo model what one can try. */
import { Button, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { en } from '../strings/en/en.ts'
import classes from './chat.module.css'

type Props = {
  readonly onAsk: (text: string) => void
  readonly onShown: () => void
}

const EXAMPLES = Object.keys(en.chat.welcome.examples) as (keyof typeof en.chat.welcome.examples)[]

export const Welcome = ({ onAsk, onShown }: Props) => {
  const { t } = useTranslation()
  const isDemo = useIsDemo()
  const shown = useEffectEvent(onShown)
  useEffect(() => shown(), [])
  return (
    <div className={classes.welcome}>
      <Title order={2} size="h3">
        {t('chat.welcome.title')}
      </Title>
      <Text>{t('chat.welcome.text')}</Text>
      {isDemo && (
        <>
          <Text c="dimmed" size="sm">
            {t('chat.welcome.demo')}
          </Text>
          <Text size="sm">{t('chat.welcome.try')}</Text>
          <ul className={classes.examples}>
            {EXAMPLES.map((name) => {
              const text = t(`chat.welcome.examples.${name}`)
              return (
                <li key={name}>
                  <Button variant="default" onClick={() => onAsk(text)}>
                    {text}
                  </Button>
                </li>
              )
            })}
          </ul>
        </>
      )}
    </div>
  )
}

const useIsDemo = (): boolean => {
  const { data } = useQuery({
    queryKey: ['health'],
    queryFn: async ({ signal }) => {
      const response = await fetch('/healthz', { signal })
      return (await response.json()) as { readonly model?: string }
    },
    staleTime: Number.POSITIVE_INFINITY,
    // The note is a courtesy; that the server is away shows where it matters.
    retry: false,
  })
  return data?.model === 'demo'
}

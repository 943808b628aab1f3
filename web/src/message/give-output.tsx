/** Asks a person for the output of a tool that their client executes. */
import { Button, Group, SegmentedControl, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './message.module.css'

type Props = { readonly name: string; readonly onGive: (output: unknown) => void }

export const GiveOutput = ({ name, onGive }: Props) => {
  const { t } = useTranslation()
  const [kind, setKind] = useState<'text' | 'json'>('text')
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState<string>()
  const give = () => {
    const output = kind === 'text' ? { value: text } : parseJson(text)
    if ('problem' in output) setWrong(t('message.give.invalid', { reason: output.problem }))
    else onGive(output.value)
  }
  return (
    <form
      className={classes.ask}
      onSubmit={(event) => {
        event.preventDefault()
        give()
      }}
    >
      <p>{t('message.give.question')}</p>
      <SegmentedControl
        size="xs"
        aria-label={t('message.give.kind')}
        value={kind}
        onChange={(chosen) => {
          setKind(chosen)
          setWrong(undefined)
        }}
        data={[
          { value: 'text', label: t('message.give.text') },
          { value: 'json', label: t('message.give.json') },
        ]}
      />
      <Textarea
        label={t('message.give.label', { name })}
        value={text}
        error={wrong}
        autosize
        minRows={2}
        maxRows={10}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setWrong(undefined)
        }}
      />
      <Group>
        <Button type="submit" size="sm">
          {t('message.give.send')}
        </Button>
      </Group>
    </form>
  )
}

const parseJson = (text: string): { value: unknown } | { problem: string } => {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}

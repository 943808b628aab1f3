/** What a step told its model, word for word: instructions and messages. */
import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { StepPrompt } from 'outlast/client'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../client.ts'
import { JsonTree } from '../json/json-tree.tsx'
import { LongText } from '../json/long-text.tsx'
import { RawJson } from '../json/raw-json.tsx'
import classes from './inspector.module.css'

/** Messages that are shown at first: the newest, since a prompt has those before it, too. */
const SHOWN = 12

type Props = { readonly runId: string; readonly stepIndex: number }

export const Prompt = ({ runId, stepIndex }: Props) => {
  const { t } = useTranslation()
  const { data, error, refetch } = useQuery({
    queryKey: ['prompt', runId, stepIndex],
    queryFn: ({ signal }) => client.runs.prompt(runId, stepIndex, { signal }),
  })
  if (error)
    return (
      <div role="alert" className={classes.quiet}>
        <Text>{t('inspector.prompt.failed', { reason: error.message })}</Text>
        <Button variant="default" mt="xs" onClick={() => void refetch()}>
          {t('common.retry')}
        </Button>
      </div>
    )
  if (!data) return <p className={classes.quiet}>{t('inspector.prompt.loading')}</p>
  return (
    <>
      {data.messagesReplaced && <p role="note">{t('inspector.prompt.replaced')}</p>}
      {data.instructions != null && (
        <div className={classes.part} data-role="instructions">
          <h3 className={classes.small}>{t('inspector.prompt.instructions')}</h3>
          <Content content={instructionsOf(data.instructions)} />
        </div>
      )}
      <Messages messages={data.messages} />
      <RawJson value={data} label={t('inspector.tabs.prompt')} />
    </>
  )
}

/** Messages of the system are their texts here. */
const instructionsOf = (instructions: unknown): unknown => {
  const messages = [instructions].flat() as readonly unknown[]
  const texts = messages.map((one) =>
    typeof one === 'object' && one !== null && 'content' in one ? one.content : one,
  )
  return texts.every((text) => typeof text === 'string') ? texts.join('\n\n') : instructions
}

type Message = StepPrompt['messages'][number]

const Messages = ({ messages }: { readonly messages: readonly Message[] }) => {
  const { t } = useTranslation()
  const [isAll, setIsAll] = useState(false)
  const hidden = isAll ? 0 : Math.max(0, messages.length - SHOWN)
  if (messages.length === 0) return <p className={classes.quiet}>{t('inspector.prompt.none')}</p>
  return (
    <>
      {hidden > 0 && (
        <Button variant="subtle" size="compact-sm" onClick={() => setIsAll(true)}>
          {t('inspector.prompt.earlier', { count: hidden })}
        </Button>
      )}
      <ol className={classes.parts} start={hidden + 1}>
        {messages.slice(hidden).map((message, index) => (
          <li key={hidden + index} className={classes.part} data-role={message.role}>
            <h3 className={classes.small}>
              {isRole(message.role) ? t(`inspector.prompt.roles.${message.role}`) : message.role}
            </h3>
            <Content content={message.content} />
          </li>
        ))}
      </ol>
    </>
  )
}

const ROLES = ['system', 'user', 'assistant', 'tool'] as const

const isRole = (role: string): role is (typeof ROLES)[number] =>
  (ROLES as readonly string[]).includes(role)

const Content = ({ content }: { readonly content: unknown }) => {
  if (typeof content === 'string') return <LongText text={content} />
  if (!Array.isArray(content)) return <JsonTree value={content} />
  return content.map((part: unknown, index) =>
    isText(part) ? (
      <LongText key={index} text={part.text} />
    ) : (
      <JsonTree key={index} value={part} />
    ),
  )
}

const isText = (part: unknown): part is { readonly type: 'text'; readonly text: string } =>
  typeof part === 'object' &&
  part !== null &&
  'type' in part &&
  part.type === 'text' &&
  'text' in part &&
  typeof part.text === 'string'

/** Where one writes: Enter sends, Shift+Enter makes a new line; files are picked, dropped or pasted. */
import { ActionIcon, Button, FileButton, Textarea } from '@mantine/core'
import { IconArrowUp, IconPaperclip, IconPlayerStopFilled } from '@tabler/icons-react'
import type { ClipboardEvent, KeyboardEvent, RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { isBusy, type Activity } from './activity.ts'
import { Attachments } from './attachments.tsx'
import { isEmpty, type Draft } from './drafts.ts'
import { isSendKey } from './send-key.ts'
import type { DraftHandle } from './use-draft.ts'
import type { Upload } from './use-uploads.ts'
import classes from './composer.module.css'

type Props = {
  readonly box: RefObject<HTMLTextAreaElement | null>
  readonly draft: DraftHandle
  readonly uploads: {
    readonly uploads: readonly Upload[]
    readonly isUploading: boolean
    readonly add: (files: Iterable<File>) => void
    readonly remove: (key: number) => void
  }
  readonly activity: Activity
  /** Esc was pressed once. */
  readonly asksToStop: boolean
  readonly onWrite: (text: string) => void
  readonly onSend: (draft: Draft) => void
  readonly onStop: () => void
  readonly onEditLast: () => void
}

export const Composer = (props: Props) => {
  const { box, draft, uploads, activity, onWrite, onSend, onEditLast } = props
  const { t } = useTranslation()
  const { text, files } = draft.draft
  const busy = isBusy(activity)
  const canSend = !busy && !uploads.isUploading && !isEmpty(draft.draft)
  const send = () => {
    if (canSend) onSend(draft.draft)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (isSendKey(event)) {
      event.preventDefault()
      send()
    } else if (event.key === 'ArrowUp' && text === '' && !busy) {
      event.preventDefault()
      onEditLast()
    }
  }
  const onPaste = (event: ClipboardEvent) => {
    const pasted = [...event.clipboardData.files]
    // Office programs give a picture beside the text that is meant.
    if (pasted.length === 0 || event.clipboardData.types.includes('text/plain')) return
    event.preventDefault()
    uploads.add(pasted)
  }
  return (
    <form
      className={classes.composer}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <Attachments
        files={files}
        uploads={uploads.uploads}
        onDetach={draft.detach}
        onRemove={uploads.remove}
      />
      <div className={classes.line}>
        <FileButton multiple onChange={uploads.add}>
          {({ onClick }) => (
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('chat.composer.attach')}
              title={t('chat.composer.attach')}
              onClick={onClick}
            >
              <IconPaperclip size={19} />
            </ActionIcon>
          )}
        </FileButton>
        <Textarea
          ref={box}
          className={classes.text}
          variant="unstyled"
          aria-label={t('chat.composer.label')}
          aria-describedby="composer-hint"
          placeholder={t('chat.composer.placeholder')}
          autosize
          minRows={1}
          maxRows={10}
          value={text}
          onChange={({ currentTarget }) => onWrite(currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <Buttons activity={activity} canSend={canSend} onStop={props.onStop} />
      </div>
      <p id="composer-hint" className={classes.hint}>
        <Hint {...props} />
      </p>
    </form>
  )
}

type ButtonsProps = {
  readonly activity: Activity
  readonly canSend: boolean
  readonly onStop: () => void
}

const Buttons = ({ activity, canSend, onStop }: ButtonsProps) => {
  const { t } = useTranslation()
  const isStopping = activity === 'stopping'
  return (
    <>
      {activity !== 'idle' && (
        <Button
          {...(activity === 'waiting'
            ? { variant: 'default' }
            : { variant: 'filled', color: 'dark.5' })}
          leftSection={<IconPlayerStopFilled size={14} />}
          disabled={isStopping}
          onClick={onStop}
        >
          {t(isStopping ? 'chat.composer.stopping' : 'chat.composer.stop')}
        </Button>
      )}
      {!isBusy(activity) && (
        <Button type="submit" leftSection={<IconArrowUp size={16} />} disabled={!canSend}>
          {t('chat.composer.send')}
        </Button>
      )}
    </>
  )
}

/** Why nothing can be sent, or what sending would do. */
const Hint = ({ draft, uploads, activity, asksToStop }: Props) => {
  const { t } = useTranslation()
  if (asksToStop) return <span role="status">{t('chat.composer.stopAgain')}</span>
  if (isEmpty(draft.draft)) return null
  if (isBusy(activity)) return t('chat.composer.busy')
  if (uploads.isUploading) return t('chat.composer.uploading')
  return activity === 'waiting' ? t('chat.composer.supersedes') : null
}

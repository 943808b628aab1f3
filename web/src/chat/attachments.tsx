/** The files of a draft, those on their way, and those that were refused. */
import { CloseButton, Loader } from '@mantine/core'
import { IconAlertCircle, IconFile } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { DraftFile } from './drafts.ts'
import type { Upload } from './use-uploads.ts'
import { wayOutOf } from './way-out.ts'
import classes from './composer.module.css'

type Props = {
  readonly files: readonly DraftFile[]
  readonly uploads: readonly Upload[]
  readonly onDetach: (url: string) => void
  readonly onRemove: (key: number) => void
}

export const Attachments = ({ files, uploads, onDetach, onRemove }: Props) => {
  const { t } = useTranslation()
  if (files.length === 0 && uploads.length === 0) return null
  const reasonOf = ({ name, error }: Upload) =>
    error &&
    t('chat.files.failed', {
      name,
      reason: t(`chat.reasons.${wayOutOf(error).reason}`, { reason: error.message }),
    })
  return (
    <ul className={classes.files} aria-label={t('chat.files.list')}>
      {files.map(({ url, filename = t('chat.files.unnamed'), mediaType }) => (
        <Chip
          key={url}
          name={filename}
          sign={
            mediaType.startsWith('image/') ? (
              <img className={classes.thumb} src={url} alt="" />
            ) : (
              <IconFile size={16} aria-hidden />
            )
          }
          onRemove={() => onDetach(url)}
        />
      ))}
      {uploads.map((upload) => (
        <Chip
          key={upload.key}
          name={upload.name}
          note={reasonOf(upload)}
          sign={
            upload.error ? (
              <IconAlertCircle size={16} aria-hidden />
            ) : (
              <Loader size={14} aria-label={t('chat.files.uploading', { name: upload.name })} />
            )
          }
          onRemove={() => onRemove(upload.key)}
        />
      ))}
    </ul>
  )
}

type ChipProps = {
  readonly name: string
  readonly sign: ReactNode
  /** Why it is not attached. */
  readonly note?: string | undefined
  readonly onRemove: () => void
}

const Chip = ({ name, sign, note, onRemove }: ChipProps) => {
  const { t } = useTranslation()
  return (
    <li className={classes.file} data-failed={note !== undefined || undefined}>
      {sign}
      {note === undefined ? (
        <span className={classes.fileName}>{name}</span>
      ) : (
        <span role="alert">{note}</span>
      )}
      <CloseButton size="sm" aria-label={t('chat.files.remove', { name })} onClick={onRemove} />
    </li>
  )
}

/** A file of a message: an image that is here already, or its name with a way to get it. */
import { IconFile } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { formatShort } from '../lib/format.ts'
import { isOwnFile, isOwnImage } from './addresses.ts'
import { bytesOf, sizeOf } from './data-url.ts'
import { plainName } from './names.ts'
import { SafeLink } from './safe-link.tsx'
import { saveFile } from './save-file.ts'
import classes from './message.module.css'

type Props = {
  readonly file: { readonly mediaType: string; readonly url: string; readonly filename?: string }
}

export const FilePart = ({ file: { mediaType, url, filename } }: Props) => {
  const { t } = useTranslation()
  const name = plainName(filename || t('message.file.unnamed'))
  // A drawing with scripts is served as a download, and no image.
  if (mediaType.startsWith('image/') && mediaType !== 'image/svg+xml' && isOwnImage(url))
    return (
      <figure data-part="file" className={classes.picture}>
        <img src={url} alt={filename ? name : t('message.image.unnamed')} loading="lazy" />
        {filename && <figcaption>{name}</figcaption>}
      </figure>
    )
  const size = sizeOf(url)
  const about = [plainName(mediaType), ...(size === undefined ? [] : [bytes(size)])].join(', ')
  const content = (
    <>
      <IconFile size={18} aria-hidden />
      <span className={classes.fileName}>{name}</span>
      <span className={classes.dim}>{about}</span>
    </>
  )
  if (isOwnFile(url))
    return (
      <a data-part="file" className={classes.file} href={url} download={name}>
        {content}
      </a>
    )
  if (size === undefined)
    return (
      <div data-part="file" className={classes.file}>
        <IconFile size={18} aria-hidden />
        <SafeLink href={url}>{name}</SafeLink>
        <span className={classes.dim}>{about}</span>
      </div>
    )
  return (
    <button
      type="button"
      data-part="file"
      className={classes.file}
      aria-label={t('message.file.save', { name })}
      onClick={() => saveFile(name, bytesOf(url))}
    >
      {content}
    </button>
  )
}

/** @example bytes(12_345) // '12.3KB' */
const bytes = (size: number): string => `${formatShort(size)}B`

/** An image of a message: shown when it is here already; one that lies elsewhere is a link that names the place. */
import { IconExternalLink, IconPhoto } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { destinationOf, isOwnImage } from './addresses.ts'
import { plainName } from './names.ts'
import classes from './markdown.module.css'

type Props = {
  readonly src?: string | Blob | undefined
  readonly alt?: string | undefined
}

export const MarkdownImage = ({ src, alt = '' }: Props) => {
  const { t } = useTranslation()
  const url = typeof src === 'string' ? src : ''
  if (isOwnImage(url))
    return <img className={classes.image} src={url} alt={alt} loading="lazy" decoding="async" />
  const to = destinationOf(url)
  if (to?.host === undefined) return <span>{alt}</span>
  const { host } = to
  const name = plainName(alt).trim()
  return (
    <a
      href={to.href}
      target="_blank"
      rel="noreferrer noopener"
      className={classes.remote}
      title={t('message.image.explain', { url: to.href })}
    >
      <IconPhoto size={16} aria-hidden />
      <span>
        {name
          ? t('message.image.remoteNamed', { host, alt: name })
          : t('message.image.remote', { host })}
      </span>
      <IconExternalLink size={14} aria-hidden />
    </a>
  )
}

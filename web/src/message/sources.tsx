/** Where an answer has it from. */
import type { OutlastMessage } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import { plainName } from './names.ts'
import { SafeLink } from './safe-link.tsx'
import classes from './message.module.css'

type Part = OutlastMessage['parts'][number]
type TextPart = Extract<Part, { type: 'text' }>
type Source = {
  readonly key: string
  readonly url?: string
  readonly title: string
  readonly note?: string
}

const fromUrl = (url: string, title: string | undefined): Source => ({
  key: url,
  url,
  title: title || url,
})

const fromDocument = (title: string, filename: string | undefined, mediaType: string): Source => ({
  key: `${title}\n${filename ?? ''}`,
  title: title || filename || mediaType,
  note: filename && filename !== title ? filename : mediaType,
})

const cited = ({ citations = [] }: TextPart): Source[] =>
  citations.map(({ source }) =>
    source.sourceType === 'url'
      ? fromUrl(source.url, source.title)
      : fromDocument(source.title, source.filename, source.mediaType),
  )

const sourcesOf = (parts: readonly Part[]): Source[] => {
  const all = parts.flatMap((part) => {
    if (part.type === 'text') return cited(part)
    if (part.type === 'source-url') return [fromUrl(part.url, part.title)]
    if (part.type !== 'source-document') return []
    return [fromDocument(part.title, part.filename, part.mediaType)]
  })
  return [...new Map(all.map((source) => [source.key, source])).values()]
}

export const Sources = ({ parts }: { readonly parts: readonly Part[] }) => {
  const { t } = useTranslation()
  const sources = sourcesOf(parts)
  if (sources.length === 0) return null
  return (
    <section
      data-part="sources"
      className={classes.sources}
      aria-label={t('message.sources.title')}
    >
      <h3>{t('message.sources.title')}</h3>
      <ol>
        {sources.map(({ key, url, title, note }) => (
          <li key={key}>
            <SafeLink href={url}>{plainName(title)}</SafeLink>
            {note && <span className={classes.dim}> {plainName(note)}</span>}
          </li>
        ))}
      </ol>
    </section>
  )
}

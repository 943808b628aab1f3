/** A part that only its agent understands, or that this page does not know: folded, as it came. */
import { useTranslation } from 'react-i18next'
import { Fold } from './fold.tsx'
import { plainName } from './names.ts'
import { Value } from './value.tsx'
import classes from './message.module.css'

type Props = { readonly part: { readonly type: string; readonly data?: unknown } }

export const DataPart = ({ part }: Props) => {
  const { t } = useTranslation()
  const isData = part.type.startsWith('data-')
  const name = plainName(isData ? part.type.slice('data-'.length) : part.type)
  const title = isData ? t('message.data.title', { name }) : t('message.data.unknown', { name })
  return (
    <div data-part="data" className={classes.card}>
      <Fold summary={<span className={classes.brief}>{title}</span>}>
        {() => (
          <div className={classes.inside}>
            <Value title={title} value={isData ? part.data : part} />
          </div>
        )}
      </Fold>
    </div>
  )
}

/** What the model thought before it spoke: open while it thinks, folded as soon as it does anything else. */
import { useTranslation } from 'react-i18next'
import { Fold } from './fold.tsx'
import { TextPart } from './text-part.tsx'
import classes from './message.module.css'

type Props = { readonly text: string; readonly isLive: boolean }

export const Reasoning = ({ text, isLive }: Props) => {
  const { t } = useTranslation()
  return (
    <div data-part="reasoning" className={classes.reasoning}>
      <Fold
        isOpen={isLive && text !== ''}
        summary={isLive ? t('message.reasoning.live') : t('message.reasoning.done')}
      >
        {() => (
          <div className={classes.thought}>
            <TextPart text={text} isStreaming={isLive} />
          </div>
        )}
      </Fold>
    </div>
  )
}

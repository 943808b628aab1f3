/** How an answer ended that did not simply end: in words, with what helps. */
import type { RunSummary } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import { message } from '../strings/en/message.ts'
import classes from './message.module.css'

type Known = keyof typeof message.errors
const isKnown = (code: string | null): code is Known =>
  code !== null && Object.hasOwn(message.errors, code)

/** Here the server's own sentence adds nothing to ours. */
const SAYS_ALL: ReadonlySet<Known> = new Set([
  'content_filtered',
  'empty_answer',
  'internal_error',
  'output_truncated',
  'provider_rate_limited',
])

export const Ending = ({ run }: { readonly run: RunSummary }) => {
  const { t } = useTranslation()
  const { status, error, errorCode } = run
  if (status === 'aborted')
    return (
      <p className={classes.ending} data-ending="aborted">
        {errorCode === 'superseded' ? t('message.ending.superseded') : t('message.ending.stopped')}
      </p>
    )
  if (status !== 'failed') return null
  const words = isKnown(errorCode)
    ? ([`message.errors.${errorCode}.what`, `message.errors.${errorCode}.help`] as const)
    : (['message.ending.unknownCode.what', 'message.ending.unknownCode.help'] as const)
  return (
    <div className={classes.failure} data-ending="failed" role="note">
      <p>
        <strong>{t(words[0])}</strong>
      </p>
      <p>{t(words[1])}</p>
      {error && !(isKnown(errorCode) && SAYS_ALL.has(errorCode)) && (
        <p className={classes.cause}>{error}</p>
      )}
    </div>
  )
}

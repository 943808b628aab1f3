/** What the model said in a step, part for part, as the journal keeps it. */
import type { Step } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import { JsonTree } from '../json/json-tree.tsx'
import { LongText } from '../json/long-text.tsx'
import type { InspectorSearch } from './inspector-search.ts'
import classes from './inspector.module.css'

type Part = Step['parts'][number]

type Props = { readonly step: Step; readonly onSelect: (chosen: InspectorSearch) => void }

export const Journal = ({ step, onSelect }: Props) => {
  const { t } = useTranslation()
  if (step.parts.length === 0)
    return <p className={classes.quiet}>{t('inspector.journal.empty')}</p>
  return (
    <ol className={classes.parts}>
      {step.parts.map((part, index) => (
        <li key={index} className={classes.part} data-type={part.type}>
          <JournalPart step={step} part={part} onSelect={onSelect} />
        </li>
      ))}
    </ol>
  )
}

const JournalPart = ({ step, part, onSelect }: Props & { readonly part: Part }) => {
  const { t } = useTranslation()
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return (
        <>
          <h3 className={classes.small}>{t(`inspector.journal.${part.type}`)}</h3>
          <LongText text={wordOf(part, 'text')} />
        </>
      )
    case 'tool-call':
      return <CallPart step={step} part={part} onSelect={onSelect} />
    case 'tool-result':
      return (
        <>
          <h3 className={classes.small}>{t('inspector.journal.result')}</h3>
          <JsonTree value={part['output']} label={t('inspector.journal.result')} />
        </>
      )
    default:
      return (
        <>
          <h3 className={classes.small}>{t(`inspector.journal.${kindOf(part.type)}`)}</h3>
          <JsonTree value={part} label={part.type} />
        </>
      )
  }
}

const wordOf = (part: Part, key: string): string => {
  const value = part[key]
  return typeof value === 'string' ? value : ''
}

const kindOf = (type: string) => {
  if (type === 'source') return 'source'
  return type === 'file' || type === 'reasoning-file' ? 'file' : 'other'
}

const CallPart = ({ step, part, onSelect }: Props & { readonly part: Part }) => {
  const { t } = useTranslation()
  const call = step.calls.find(({ toolCallId }) => toolCallId === part['toolCallId'])
  const name = wordOf(part, 'toolName')
  const { invalid } = part
  return (
    <>
      <h3 className={classes.small}>
        {t('inspector.journal.call')}{' '}
        {call ? (
          <button
            type="button"
            className={classes.choose}
            onClick={() => onSelect({ step: step.stepIndex, call: call.toolCallId })}
          >
            {name}
          </button>
        ) : (
          name
        )}
      </h3>
      {call && <p className={classes.quiet}>{t(`inspector.calls.${call.status}`)}</p>}
      {part['providerExecuted'] === true && (
        <p className={classes.quiet}>{t('inspector.journal.provided')}</p>
      )}
      {part['unfinished'] === true && (
        <p className={classes.quiet}>{t('inspector.journal.unfinished')}</p>
      )}
      {typeof invalid === 'string' && (
        <p className={classes.quiet}>{t('inspector.journal.invalid', { reason: invalid })}</p>
      )}
      <JsonTree value={part['rawInput'] ?? part['input']} label={name} />
    </>
  )
}

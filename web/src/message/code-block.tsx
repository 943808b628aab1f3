/** A block of code: its language, a way to copy it, and lines that scroll instead of breaking. */
import { useRef, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { CopyText } from './copy-text.tsx'
import { plainName } from './names.ts'
import classes from './markdown.module.css'

type Props = { readonly language: string | undefined; readonly children?: ReactNode }

export const CodeBlock = ({ language, children }: Props) => {
  const { t } = useTranslation()
  const shown = useRef<HTMLPreElement>(null)
  const name = language ? plainName(language) : t('message.code.plain')
  return (
    <div className={classes.code}>
      <div className={classes.codeHead} data-chrome>
        <span>{name}</span>
        <CopyText
          label={t('message.code.copy')}
          text={() => shown.current?.textContent?.replace(/\n$/, '') ?? ''}
        />
      </div>
      <pre
        ref={shown}
        role="group"
        aria-label={t('message.code.label', { language: name })}
        tabIndex={0}
      >
        {children}
      </pre>
    </div>
  )
}

/** Text of an answer as Markdown; as it was written until the means to show that are loaded, or where they fail. */
import { lazy, memo, Suspense, useState } from 'react'
import { Boundary } from './boundary.tsx'
import { usePaced } from './use-paced.ts'
import classes from './message.module.css'

// Asked for at once: whoever loads this shows messages.
const loading = import('./markdown.tsx')
const Markdown = lazy(() => loading)

type Props = { readonly text: string; readonly isStreaming: boolean }

export const TextPart = memo(({ text, isStreaming }: Props) => {
  const shown = usePaced(text, isStreaming)
  const [wasSeenGrowing, setWasSeenGrowing] = useState(isStreaming)
  if (isStreaming && !wasSeenGrowing) setWasSeenGrowing(true)
  const plain = <div className={classes.plain}>{shown}</div>
  return (
    <Boundary fallback={plain}>
      <Suspense fallback={plain}>
        <Markdown
          text={shown}
          isGrowing={isStreaming || shown !== text}
          wasSeenGrowing={wasSeenGrowing}
        />
      </Suspense>
    </Boundary>
  )
})
TextPart.displayName = 'TextPart'

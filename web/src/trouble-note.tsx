/** A failure and the one button that may help. */
import { useState } from 'react'
import type { Trouble } from './trouble.ts'

type Props = { trouble: Trouble; onAction: () => Promise<void> }

export const TroubleNote = ({ trouble, onAction }: Props) => {
  const [isBusy, setIsBusy] = useState(false)
  const act = async () => {
    setIsBusy(true)
    await onAction()
    setIsBusy(false)
  }
  return (
    <div className="trouble" role="alert">
      <p>{trouble.text}</p>
      {trouble.action && (
        <button type="button" disabled={isBusy} onClick={() => void act()}>
          {trouble.action}
        </button>
      )}
    </div>
  )
}

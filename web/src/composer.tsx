/** Where one types: Enter sends, Shift+Enter makes a new line. */
import { useEffect, useRef, type KeyboardEvent } from 'react'

export type Draft = {
  readonly text: string
  /** Set while the text is one that was sent and may have arrived: sent again under this id, it counts once. */
  readonly id?: string
}

export const EMPTY_DRAFT: Draft = { text: '' }

type Props = {
  draft: Draft
  onDraft: (draft: Draft) => void
  onSend: (draft: Draft) => void
  isBusy: boolean
  isStopping: boolean
  /** Undefined while there is no run that could be stopped. */
  onStop: (() => void) | undefined
}

export const Composer = ({ draft, onDraft, onSend, isBusy, isStopping, onStop }: Props) => {
  const box = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    // The Stop button is gone with the run it stopped: whoever used the keyboard goes on here.
    if (!isBusy && document.activeElement === document.body) box.current?.focus()
  }, [isBusy])
  const send = () => {
    if (!isBusy && draft.text.trim() !== '') onSend(draft)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <label htmlFor="question" className="unseen">
        Your message
      </label>
      <textarea
        id="question"
        ref={box}
        rows={1}
        value={draft.text}
        placeholder="Ask something"
        onChange={({ target }) => onDraft({ text: target.value })}
        onKeyDown={onKeyDown}
      />
      {isBusy ? (
        <button type="button" className="stop" disabled={!onStop || isStopping} onClick={onStop}>
          {isStopping ? 'Stopping …' : 'Stop'}
        </button>
      ) : (
        <button type="submit" disabled={draft.text.trim() === ''}>
          Send
        </button>
      )}
    </form>
  )
}

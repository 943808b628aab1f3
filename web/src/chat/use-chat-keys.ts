/** The keys of a chat; the list that `?` shows has them all. */
import { useHotkeys } from '@mantine/hooks'
import type { RefObject } from 'react'
import type { ThreadHandle } from './thread.tsx'

type Keys = {
  readonly box: RefObject<HTMLTextAreaElement | null>
  readonly thread: RefObject<ThreadHandle | null>
  readonly onFind: () => void
  /** @returns whether the key had a meaning here */
  readonly onEscape: () => boolean
}

export const useChatKeys = ({ box, thread, onFind, onEscape }: Keys): void => {
  const write = () => box.current?.focus()
  useHotkeys([
    ['/', write],
    ['c', write],
    ['j', () => thread.current?.step(1)],
    ['k', () => thread.current?.step(-1)],
    ['g', () => thread.current?.toEnd()],
  ])
  // Also while one writes.
  useHotkeys(
    [
      ['mod+F', onFind],
      [
        'Escape',
        (event) => {
          if (event.defaultPrevented || isInDialog(event.target)) return
          if (!onEscape() && document.activeElement === box.current) thread.current?.rest()
        },
        { preventDefault: false },
      ],
    ],
    [],
  )
}

const isInDialog = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('[role="dialog"]') !== null

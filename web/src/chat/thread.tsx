/** The messages of a chat, of which only those in sight are in the document. */
import { Button } from '@mantine/core'
import { IconArrowDown } from '@tabler/icons-react'
import type { OutlastMessage } from 'outlast/client'
import {
  useEffect,
  useEffectEvent,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  type ReactElement,
  type ReactNode,
  type Ref,
} from 'react'
import { useTranslation } from 'react-i18next'
import { Virtualizer, type CustomContainerComponentProps, type VirtualizerHandle } from 'virtua'
import { lengthOf } from './message-parts.ts'
import { keepPlace, readPlace } from './place.ts'
import { useFound, type Found } from './use-found.ts'
import { useHeldMessage } from './use-held-message.ts'
import { useStickToEnd } from './use-stick-to-end.ts'
import classes from './thread.module.css'

/** Of what stands above the first message; the virtualizer has to know. */
const TOP_PX = 56
/** Earlier messages are asked for before one sees that they are missing. */
const EARLY_PX = 1200

export type ThreadHandle = {
  /** Shows a message and puts the focus there. */
  goTo(messageId: string): void
  /** Shows the message before (-1) or after (1) the one with the focus, or the one at the top. */
  step(by: -1 | 1): void
  toEnd(): void
  /** Takes the focus without going anywhere: from there the keys of the page work. */
  rest(): void
}

type Props = {
  readonly chatId: string
  readonly messages: readonly OutlastMessage[]
  readonly hasEarlier: boolean
  readonly isLoadingEarlier: boolean
  /** Undefined while that would not help. */
  readonly loadEarlier: (() => void) | undefined
  /** Something is being written. */
  readonly isBusy: boolean
  /** A message that stays in the document wherever one scrolls. */
  readonly kept: string | undefined
  /** What somebody looks for. */
  readonly found: Found | undefined
  /** Beside the messages. */
  readonly aside: ReactNode
  readonly row: (message: OutlastMessage, index: number) => ReactElement
  /** Behind the last message. */
  readonly children: ReactNode
  readonly ref: Ref<ThreadHandle>
}

export const Thread = ({
  chatId,
  messages,
  hasEarlier,
  isLoadingEarlier,
  loadEarlier,
  isBusy,
  kept,
  found,
  aside,
  row,
  children,
  ref,
}: Props) => {
  const { t } = useTranslation()
  const box = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  const end = useStickToEnd(box)
  const [heldId, setHeldId] = useState<string>()
  const held = useHeldMessage(box, setHeldId)
  const hasNews = useNews(messages, end.isAway)
  const isShift = useIsShift(messages)
  const indexOf = (id: string | undefined) =>
    id === undefined ? -1 : messages.findIndex((message) => message.id === id)

  const loadIfNear = () => {
    const { scrollOffset = Number.POSITIVE_INFINITY } = list.current ?? {}
    if (hasEarlier && !isLoadingEarlier && end.isAway && scrollOffset < EARLY_PX) loadEarlier?.()
  }
  useEffect(loadIfNear)
  // Before anybody is held at the end.
  useComeBack({ chatId, list, indexOf, leave: end.leave })
  useLayoutEffect(() => end.keep())

  const goNear = (messageId: string) => {
    const index = indexOf(messageId)
    if (index < 0) return
    end.leave()
    list.current?.scrollToIndex(index, { align: 'start', offset: -12 })
  }
  const goTo = (messageId: string) => {
    held.focus(messageId)
    goNear(messageId)
  }
  const settleFound = useFound(box, found, goNear)
  const step = (by: -1 | 1) => {
    if (!list.current) return
    const current = indexOf(held.focused())
    const atTop = list.current.findItemIndex(list.current.scrollOffset + 12)
    const next = messages[current < 0 && by === 1 ? atTop : (current < 0 ? atTop : current) + by]
    if (next) goTo(next.id)
  }
  const toEnd = () => {
    // It may still be on its way to somewhere else; the end of the box is behind that of the last message.
    list.current?.scrollToIndex(messages.length - 1, { align: 'end', offset: TOP_PX })
    end.toEnd()
  }
  const rest = () => box.current?.focus({ preventScroll: true })
  useImperativeHandle(ref, () => ({ goTo, step, toEnd, rest }))

  const rememberPlace = () => {
    if (!list.current || messages.length === 0) return
    const { scrollOffset } = list.current
    const index = list.current.findItemIndex(scrollOffset)
    const message = messages[index]
    const offset = scrollOffset - TOP_PX - list.current.getItemOffset(index)
    const following = messages.length - index
    keepPlace(
      chatId,
      end.isAway && message ? { messageId: message.id, offset, following } : undefined,
    )
  }

  const rememberOnLeaving = useEffectEvent(rememberPlace)
  useEffect(() => {
    const remember = () => rememberOnLeaving()
    addEventListener('pagehide', remember)
    return () => removeEventListener('pagehide', remember)
  }, [])

  return (
    <div className={classes.frame}>
      <div
        ref={box}
        className={classes.box}
        role="region"
        aria-label={t('chat.conversation')}
        tabIndex={0}
        {...end.handlers}
        {...held.handlers}
      >
        <div className={classes.top}>
          {hasEarlier ? (
            <Button variant="subtle" size="xs" loading={isLoadingEarlier} onClick={loadEarlier}>
              {t(isLoadingEarlier ? 'chat.loadingEarlier' : 'chat.earlier')}
            </Button>
          ) : (
            <span>{t('chat.beginning')}</span>
          )}
        </div>
        <div role="feed" aria-label={t('chat.conversation')} aria-busy={isBusy}>
          <Virtualizer
            ref={list}
            as={Container}
            scrollRef={box}
            data={messages}
            shift={isShift}
            startMargin={TOP_PX}
            bufferSize={600}
            // An answer that grows is not put together anew each time that it outgrows what is in sight.
            keepMounted={[indexOf(heldId), indexOf(kept), isBusy ? messages.length - 1 : -1].filter(
              (index) => index >= 0,
            )}
            onResize={() => {
              end.keep()
              held.settle()
            }}
            onScroll={loadIfNear}
            onScrollEnd={() => {
              settleFound()
              rememberPlace()
            }}
          >
            {row}
          </Virtualizer>
        </div>
        {children}
      </div>
      {aside}
      {end.isAway && (
        <Button
          className={classes.newest}
          variant="default"
          size="xs"
          radius="xl"
          leftSection={<IconArrowDown size={15} />}
          data-news={hasNews || undefined}
          onClick={toEnd}
        >
          {t(hasNews ? 'chat.newText' : 'chat.newest')}
        </Button>
      )}
    </div>
  )
}

/** The virtualizer takes the pointer from its items while they scroll, which they do as long as an answer grows. */
const Container = ({ style, ...props }: CustomContainerComponentProps) => (
  <div {...props} style={{ ...style, pointerEvents: undefined }} />
)

/** Whether something was written below since one has scrolled up. */
const useNews = (messages: readonly OutlastMessage[], isAway: boolean): boolean => {
  const last = messages.at(-1)
  const end = last ? `${last.id} ${lengthOf(last)}` : ''
  const [seen, setSeen] = useState(end)
  if (!isAway && seen !== end) setSeen(end)
  return isAway && seen !== end
}

/** True while the messages are those of before with earlier ones in front of them. */
const useIsShift = (messages: readonly OutlastMessage[]): boolean => {
  const [known, setKnown] = useState({ messages, isShift: false })
  if (known.messages === messages) return known.isShift
  const first = known.messages[0]?.id
  const isShift =
    first !== undefined && first !== messages[0]?.id && messages.some(({ id }) => id === first)
  setKnown({ messages, isShift })
  return isShift
}

type ComeBack = {
  readonly chatId: string
  readonly list: { readonly current: VirtualizerHandle | null }
  readonly indexOf: (id: string) => number
  readonly leave: () => void
}

/** A reload shows what was in sight before it. */
const useComeBack = ({ chatId, list, indexOf, leave }: ComeBack): void => {
  const [place] = useState(() => readPlace(chatId))
  const isDone = useRef(false)
  useLayoutEffect(() => {
    if (!place || isDone.current || !list.current) return
    const index = indexOf(place.messageId)
    if (index < 0) return
    isDone.current = true
    leave()
    list.current.scrollToIndex(index, { align: 'start', offset: place.offset })
  })
}

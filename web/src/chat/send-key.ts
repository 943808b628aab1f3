/** Which key sends: Enter, but never the Enter that picks a word of an input method, nor that of a phone's keyboard. */
import type { KeyboardEvent } from 'react'

/** Safari ends the composition before it tells of the key, which then has this code. */
const COMPOSING = 229

export const isSendKey = ({ key, shiftKey, nativeEvent }: KeyboardEvent): boolean =>
  key === 'Enter' &&
  !shiftKey &&
  !nativeEvent.isComposing &&
  nativeEvent.keyCode !== COMPOSING &&
  !matchMedia('(hover: none) and (pointer: coarse)').matches

/** What a message is made of, for those who copy it, edit it or send it again. */
import type { FileUIPart } from 'ai'
import type { OutlastMessage } from 'outlast/client'
import type { DraftFile } from './drafts.ts'

export const textOf = ({ parts }: OutlastMessage): string =>
  parts.flatMap((part) => (part.type === 'text' && part.text ? [part.text] : [])).join('\n\n')

export const filesOf = ({ parts }: OutlastMessage): DraftFile[] =>
  parts.flatMap((part) => (part.type === 'file' ? [{ size: 0, ...plainFile(part) }] : []))

/** The parts of a message of the user. */
export const partsOf = (text: string, files: readonly FileUIPart[]): OutlastMessage['parts'] => [
  ...files.map(plainFile),
  ...(text.trim() === '' ? [] : [{ type: 'text' as const, text }]),
]

const plainFile = ({ url, mediaType, filename }: FileUIPart): FileUIPart => ({
  type: 'file',
  url,
  mediaType,
  ...(filename === undefined ? {} : { filename }),
})

/** Grows while a message is being written. */
export const lengthOf = ({ parts }: OutlastMessage): number =>
  parts.reduce((sum, part) => sum + 1 + ('text' in part ? part.text.length : 0), 0)

/** The list of keys, which `?` opens. */
import { Kbd, Modal } from '@mantine/core'
import { useDisclosure, useHotkeys, useOs } from '@mantine/hooks'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import type { common } from '../strings/en/common.ts'
import classes from './keys-dialog.module.css'

type Meaning = Exclude<keyof typeof common.keys, 'title' | 'or'>

/** Each meaning with the keys that have it; those of one inner list are pressed one after the other or together. */
const KEYS: readonly (readonly [Meaning, readonly (readonly string[])[]])[] = [
  ['commands', [['mod', 'K']]],
  ['newChat', [['Alt', 'N']]],
  ['composer', [['/'], ['C']]],
  ['send', [['Enter']]],
  ['newLine', [['Shift', 'Enter']]],
  ['editLast', [['↑']]],
  ['stop', [['Esc', 'Esc']]],
  ['leave', [['Esc']]],
  ['next', [['J']]],
  ['previous', [['K']]],
  ['newest', [['G']]],
  ['find', [['mod', 'F']]],
  ['help', [['?']]],
]

export const KeysDialog = () => {
  const { t } = useTranslation()
  const [isOpen, { open, close }] = useDisclosure()
  const os = useOs()
  // Where it stands on a keyboard is different from country to country.
  useHotkeys([
    ['?', open],
    ['shift+?', open],
  ])
  const nameOf = (key: string) => (key !== 'mod' ? key : os === 'macos' ? '⌘' : 'Ctrl')
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={t('common.keys.title')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <dl className={classes.keys}>
        {KEYS.map(([meaning, ways]) => (
          <Fragment key={meaning}>
            <dt>
              {ways.map((keys, way) => (
                <Fragment key={keys.join('+')}>
                  {way > 0 && ` ${t('common.keys.or')} `}
                  {keys.map((key, index) => (
                    <Kbd key={index}>{nameOf(key)}</Kbd>
                  ))}
                </Fragment>
              ))}
            </dt>
            <dd>{t(`common.keys.${meaning}`)}</dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  )
}

/** A value as a tree that opens and closes. Nothing in it is markup, and nothing large is drawn unasked. */
import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './json.module.css'

/** Levels that are open at first. */
const OPEN_LEVELS = 2
const MOST_ITEMS = 50
const MOST_LETTERS = 500

type Props = { readonly value: unknown; readonly label?: string }

export const JsonTree = ({ value, label }: Props) => (
  <div className={classes.tree} role="group" aria-label={label}>
    <Value value={value} level={0} />
  </div>
)

type ValueProps = { readonly name?: string; readonly value: unknown; readonly level: number }

const Value = ({ name, value, level }: ValueProps) => {
  const entries = entriesOf(value)
  if (entries && entries.length > 0)
    return <Branch name={name} entries={entries} isList={Array.isArray(value)} level={level} />
  return (
    <div className={classes.leaf}>
      <Name name={name} />
      <Leaf value={value} />
    </div>
  )
}

const entriesOf = (value: unknown): readonly (readonly [string, unknown])[] | undefined =>
  typeof value === 'object' && value !== null ? Object.entries(value) : undefined

const Name = ({ name }: { readonly name: string | undefined }) =>
  name === undefined ? null : <span className={classes.key}>{name}: </span>

const Leaf = ({ value }: { readonly value: unknown }) => {
  const { t } = useTranslation()
  const [isAll, setIsAll] = useState(false)
  if (value === undefined)
    return <span className={classes.nothing}>{t('inspector.json.empty')}</span>
  if (typeof value !== 'string')
    return <span data-type={typeof value}>{JSON.stringify(value)}</span>
  const isCut = !isAll && value.length > MOST_LETTERS
  return (
    <span className={classes.string} data-type="string">
      {isCut ? `${value.slice(0, MOST_LETTERS)}…` : value}
      {isCut && (
        <Button variant="subtle" size="compact-xs" onClick={() => setIsAll(true)}>
          {t('inspector.json.showAll', { count: value.length })}
        </Button>
      )}
    </span>
  )
}

type BranchProps = {
  readonly name: string | undefined
  readonly entries: readonly (readonly [string, unknown])[]
  readonly isList: boolean
  readonly level: number
}

const Branch = ({ name, entries, isList, level }: BranchProps) => {
  const { t } = useTranslation()
  const [isOpen, setIsOpen] = useState(level < OPEN_LEVELS)
  const [most, setMost] = useState(MOST_ITEMS)
  const rest = entries.length - most
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary className={classes.branch}>
        <Name name={name} />
        <span className={classes.nothing}>
          {isList ? '[ ]' : '{ }'} {t('inspector.json.items', { count: entries.length })}
        </span>
      </summary>
      {isOpen && (
        <div className={classes.inside}>
          {entries.slice(0, most).map(([key, value]) => (
            <Value key={key} name={key} value={value} level={level + 1} />
          ))}
          {rest > 0 && (
            <Button
              variant="subtle"
              size="compact-xs"
              onClick={() => setMost(most + MOST_ITEMS * 10)}
            >
              {t('inspector.json.showItems', { count: Math.min(rest, MOST_ITEMS * 10) })}
            </Button>
          )}
        </div>
      )}
    </details>
  )
}

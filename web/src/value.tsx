/** Any JSON value, readable: text with its line breaks, the rest as JSON with whatever is short on one line. */
import { memo } from 'react'

type Props = { label?: string; value: unknown }

// Tool outputs may be long, and their message is drawn again for each piece of text that follows.
export const Value = memo(({ label, value }: Props) => (
  <div className="value">
    {label && <span className="label">{label}</span>}
    {isTextual(value) ? (
      <dl>
        {Object.entries(value).map(([key, field]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>
              <Words of={field} />
            </dd>
          </div>
        ))}
      </dl>
    ) : (
      <Words of={value} />
    )}
  </div>
))

/** An object with text of several lines, which JSON would squeeze into one. */
const isTextual = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).some((field) => typeof field === 'string' && field.includes('\n'))

const Words = ({ of: value }: { of: unknown }) =>
  typeof value === 'string' ? <pre>{value}</pre> : <pre className="json">{json(value, '')}</pre>

const LINE = 72

const json = (value: unknown, indent: string): string => {
  const short = JSON.stringify(value) ?? ''
  if (typeof value !== 'object' || value === null || indent.length + short.length <= LINE)
    return short
  const inner = `${indent}  `
  const isList = Array.isArray(value)
  const fields = Object.entries(value).map(
    ([key, field]) => `${inner}${isList ? '' : `${JSON.stringify(key)}: `}${json(field, inner)}`,
  )
  const [open, close] = isList ? ['[', ']'] : ['{', '}']
  return `${open}\n${fields.join(',\n')}\n${indent}${close}`
}

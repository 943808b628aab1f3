/** Any JSON value, readable: text with its line breaks, the rest as JSON. */

type Props = { label?: string; value: unknown }

export const Value = ({ label, value }: Props) => (
  <div className="value">
    {label && <span className="label">{label}</span>}
    {isTextual(value) ? (
      <dl>
        {Object.entries(value).map(([key, field]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>
              <pre>{inWords(field)}</pre>
            </dd>
          </div>
        ))}
      </dl>
    ) : (
      <pre>{inWords(value)}</pre>
    )}
  </div>
)

/** An object with text of several lines, which JSON would squeeze into one. */
const isTextual = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).some((field) => typeof field === 'string' && field.includes('\n'))

const LINE = 72

const inWords = (value: unknown): string => {
  if (typeof value === 'string') return value
  const short = JSON.stringify(value) ?? ''
  return short.length <= LINE ? short : JSON.stringify(value, null, 2)
}

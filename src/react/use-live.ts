/** Something of the client that is alive while a component looks at it. */
import { useEffect, useState } from 'react'

type Live = { readonly open: () => () => void }

/**
 * @param make - makes it anew when the key or the owner changes
 */
export const useLive = <T extends Live>(owner: object, key: string, make: () => T): T => {
  const [made, setMade] = useState(() => ({ owner, key, live: make() }))
  const isCurrent = made.owner === owner && made.key === key
  const { live } = isCurrent ? made : remake()
  useEffect(() => live.open(), [live])
  return live

  /** React renders again at once with what is set here. */
  function remake() {
    const next = { owner, key, live: make() }
    setMade(next)
    return next
  }
}

/** A formula. Its text stands there until the means to set it are loaded, which only pages with formulas need. */
import { lazy, Suspense } from 'react'

const SetFormula = lazy(() => import('./set-formula.tsx'))

export type FormulaProps = { readonly tex: string; readonly isBlock?: boolean }

export const Formula = (props: FormulaProps) => (
  <Suspense fallback={<code>{props.tex}</code>}>
    <SetFormula {...props} />
  </Suspense>
)

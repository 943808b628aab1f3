/** What each element of Markdown becomes; only what is asked for here is taken over from it. */
import type { ComponentProps, JSX, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { ExtraProps } from 'streamdown'
import { CodeBlock } from './code-block.tsx'
import { Formula } from './formula.tsx'
import { MarkdownImage } from './markdown-image.tsx'
import { SafeLink } from './safe-link.tsx'
import classes from './markdown.module.css'

type Element = NonNullable<ExtraProps['node']>
type Of<TAG extends keyof JSX.IntrinsicElements> = ComponentProps<TAG> & ExtraProps
type Children = { readonly children?: ReactNode }

const classesOf = (node: Element | undefined): readonly unknown[] => {
  const { className } = node?.properties ?? {}
  return Array.isArray(className) ? className : []
}

const textOf = (node: Element): string =>
  node.children
    .map((child) =>
      child.type === 'text' ? child.value : child.type === 'element' ? textOf(child) : '',
    )
    .join('')

const isFormula = (node: Element) => classesOf(node).includes('language-math')

/** The only thing in it, blank text aside. */
const onlyChild = (node: Element | undefined): Element | undefined => {
  const [child, ...others] = (node?.children ?? []).filter(
    (one) => one.type !== 'text' || one.value.trim() !== '',
  )
  return child?.type === 'element' && others.length === 0 ? child : undefined
}

const Paragraph = ({ node, children }: Of<'p'>) => {
  const child = onlyChild(node)
  return child && isFormula(child) ? <Formula tex={textOf(child)} isBlock /> : <p>{children}</p>
}

const Pre = ({ node, children }: Of<'pre'>) => {
  const code = onlyChild(node)
  if (code && isFormula(code)) return <Formula tex={textOf(code)} isBlock />
  const language = classesOf(code)
    .map((name) => /^language-(.+)/.exec(String(name))?.[1])
    .find((name) => name !== undefined)
  return <CodeBlock language={language}>{children}</CodeBlock>
}

const Code = ({ node, className, children }: Of<'code'>) =>
  node && isFormula(node) ? (
    <Formula tex={textOf(node)} />
  ) : (
    <code className={className}>{children}</code>
  )

const Table = ({ children }: Children) => {
  const { t } = useTranslation()
  return (
    // It scrolls, so the keyboard has to get there.
    <div className={classes.wide} role="group" aria-label={t('message.table')} tabIndex={0}>
      <table>{children}</table>
    </div>
  )
}

/** The box of a task in a list. */
const Box = ({ checked }: Of<'input'>) => {
  const { t } = useTranslation()
  const label = checked ? t('message.task.done') : t('message.task.open')
  return <input type="checkbox" checked={checked ?? false} disabled readOnly aria-label={label} />
}

/** Titles of an answer stand below those of the page. */
const H3 = ({ children }: Children) => <h3>{children}</h3>
const H4 = ({ children }: Children) => <h4>{children}</h4>
const H5 = ({ children }: Children) => <h5>{children}</h5>
const H6 = ({ children }: Children) => <h6>{children}</h6>

/** Within an answer nothing is jumped to: ids of one message would be those of another, too. */
const Anchor = ({ href, children }: Of<'a'>) =>
  href?.startsWith('#user-content-fnref') ? null : <SafeLink href={href}>{children}</SafeLink>

export const components = {
  a: Anchor,
  blockquote: ({ children }: Children) => <blockquote>{children}</blockquote>,
  code: Code,
  h1: H3,
  h2: H4,
  h3: H5,
  h4: H6,
  h5: H6,
  h6: H6,
  hr: () => <hr />,
  img: MarkdownImage,
  input: Box,
  li: ({ children }: Children) => <li>{children}</li>,
  ol: ({ start, children }: Of<'ol'>) => <ol start={start}>{children}</ol>,
  p: Paragraph,
  pre: Pre,
  section: ({ children }: Children) => <section>{children}</section>,
  strong: ({ children }: Children) => <strong>{children}</strong>,
  sub: ({ children }: Children) => <sub>{children}</sub>,
  sup: ({ children }: Children) => <sup>{children}</sup>,
  table: Table,
  tbody: ({ children }: Children) => <tbody>{children}</tbody>,
  td: ({ style, children }: Of<'td'>) => <td style={style}>{children}</td>,
  th: ({ style, children }: Of<'th'>) => <th style={style}>{children}</th>,
  thead: ({ children }: Children) => <thead>{children}</thead>,
  tr: ({ children }: Children) => <tr>{children}</tr>,
  ul: ({ children }: Children) => <ul>{children}</ul>,
}

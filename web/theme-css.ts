/** The theme as a style sheet made by the build: the page's security policy allows no styles that a script makes. */
import {
  convertCssVariables,
  DEFAULT_THEME,
  defaultCssVariablesResolver,
  mergeMantineTheme,
} from '@mantine/core'
import type { Plugin } from 'vite'
import { theme } from './src/theme/theme.ts'

const NAME = 'virtual:theme.css'

export const themeCss = (): Plugin => ({
  name: 'theme-css',
  resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
  load: (id) => {
    if (id !== `\0${NAME}`) return undefined
    const merged = mergeMantineTheme(DEFAULT_THEME, theme)
    return convertCssVariables(defaultCssVariablesResolver(merged), ':root')
  },
})

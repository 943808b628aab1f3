/** How the page looks: colours, type, and what components do unless told otherwise. Becomes a style sheet at build time. */
import { createTheme, type MantineColorsTuple } from '@mantine/core'

const pine: MantineColorsTuple = [
  '#eef6f2',
  '#dcebe4',
  '#b9d8cb',
  '#8cc7b1',
  '#67ac94',
  '#4c947b',
  '#3b7d66',
  '#2f6150',
  '#264f42',
  '#1d3e34',
]

/** Warm greys: what lies behind the text. */
const dark: MantineColorsTuple = [
  '#e4e6e4',
  '#c3c9c7',
  '#a3acab',
  '#7d8786',
  '#4a5152',
  '#363c3d',
  '#2a2f30',
  '#1f2324',
  '#17191a',
  '#111314',
]

/** Locking the page's scrolling would take a style that a script makes. */
const unlocked = { defaultProps: { lockScroll: false } }

export const theme = createTheme({
  colors: { pine, dark },
  primaryColor: 'pine',
  primaryShade: { light: 7, dark: 6 },
  black: '#22282a',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, sans-serif',
  fontFamilyMonospace:
    "ui-monospace, 'SF Mono', 'Cascadia Mono', 'Segoe UI Mono', Menlo, Consolas, monospace",
  components: { Modal: unlocked, Drawer: unlocked, Spotlight: unlocked },
})

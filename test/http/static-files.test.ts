import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { staticFiles } from '../../src/http/static-files.ts'

let base: string
let get: ReturnType<typeof staticFiles>

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'outlast-static-'))
  const folder = join(base, 'dist')
  await mkdir(join(folder, 'assets'), { recursive: true })
  await writeFile(join(base, 'secret.txt'), 'secret')
  await writeFile(join(folder, '.env'), 'secret')
  await writeFile(join(folder, 'index.html'), '<!doctype html>')
  await writeFile(join(folder, 'assets', 'index-a1.js'), 'run()')
  await writeFile(join(folder, 'assets', 'ä b.css'), 'a{}')
  await writeFile(join(folder, 'assets', 'index-a1.js.gz'), gzipSync('run()'))
  await symlink(join(base, 'secret.txt'), join(folder, 'link.txt'))
  get = staticFiles(folder)
})
afterAll(() => rm(base, { recursive: true }))

describe('the files of the page', () => {
  it('are the page at /, which is asked for again each time', async () => {
    const response = (await get('/'))!
    expect(await response.text()).toBe('<!doctype html>')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(
        /default-src 'self'.*script-src 'self';.*frame-ancestors 'none'/,
      ),
    })
  })

  it('are assets that never change', async () => {
    const response = (await get('/assets/index-a1.js'))!
    expect(response.headers.get('content-type')).toMatch(/^text\/javascript/)
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(await (await get('/assets/%C3%A4%20b.css'))?.text()).toBe('a{}')
  })

  it('are sent as gzip where there is one, to those who read that', async () => {
    const packed = (await get('/assets/index-a1.js', 'gzip'))!
    expect(packed.headers.get('content-type')).toMatch(/^text\/javascript/)
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(packed.headers.get('vary')).toBe('accept-encoding')
    expect(gunzipSync(await packed.arrayBuffer()).toString()).toBe('run()')
    for (const plain of [await get('/assets/index-a1.js'), await get('/assets/ä b.css', 'gzip')]) {
      expect(plain?.headers.get('content-encoding')).toBe(null)
      expect(plain?.headers.get('vary')).toBe('accept-encoding')
    }
  })

  it('are never outside the folder, hidden, or a folder', async () => {
    for (const path of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/assets/..%5c..%5csecret.txt',
      '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
      '//etc/passwd',
      '/link.txt',
      '/.env',
      '/assets',
      '/assets/',
      '/index.html/x',
      '/index.html%00',
      '/%ff',
      '/%',
      `/${'x'.repeat(5000)}`,
    ])
      expect(await get(path), path).toBeUndefined()
  })

  it('are none when the page was not built', async () => {
    expect(await staticFiles(join(base, 'nothing'))('/')).toBeUndefined()
  })
})

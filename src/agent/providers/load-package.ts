/** Loads a package that is installed only where it is used. */
import { ConfigError } from '../../domain/errors.ts'
import { checkInstalled, LOWEST } from '../installed.ts'

/**
 * @example const { createOpenAI } = await loadPackage('@ai-sdk/openai', () => import('@ai-sdk/openai'))
 * @throws ConfigError when the package is not installed, or is too old
 */
export const loadPackage = async <MODULE>(
  name: string,
  load: () => Promise<MODULE>,
  /** What it is needed for. */
  user = 'OUTLAST_MODEL',
): Promise<MODULE> => {
  try {
    const loaded = await load()
    if (isChecked(name)) checkInstalled(name)
    return loaded
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new ConfigError(
      `${user} needs the package ${name}, which is not installed: run "npm install ${name}".`,
    )
  }
}

const isChecked = (name: string): name is keyof typeof LOWEST => Object.hasOwn(LOWEST, name)

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'

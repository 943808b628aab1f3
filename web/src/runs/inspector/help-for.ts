/** Which advice fits a failure. */
import { inspector } from '../../strings/en/inspector.ts'

type Helped = keyof typeof inspector.helps

export const helpFor = (errorCode: string | null): Helped | undefined =>
  errorCode !== null && Object.hasOwn(inspector.helps, errorCode)
    ? (errorCode as Helped)
    : undefined

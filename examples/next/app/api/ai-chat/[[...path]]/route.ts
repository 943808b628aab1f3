/** The API of Outlast. */
import { getOutlast } from '../../../../lib/outlast.ts'

const answer = async (request: Request) => (await getOutlast()).handler(request)

export {
  answer as DELETE,
  answer as GET,
  answer as HEAD,
  answer as PATCH,
  answer as POST,
  answer as PUT,
}
export const dynamic = 'force-dynamic'

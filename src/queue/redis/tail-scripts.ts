/**
 * The scripts of `tails.ts`. Of each run there is a head (a hash) and rows (a stream, whose ids are the last units of the rows).
 *
 * With a first line as these have, a script is refused as a whole when Redis is full, instead of in the middle or not at all.
 *
 * INVARIANT: who has evicted or lost one of the two keys has lost both: the head knows whether there are rows, and the last
 * one of them is as far as the head says.
 */

/** So many units of a run are said within the life of its keys, or it is silent in between and looked after. */
const RENEW_EACH = 32

/**
 * KEYS: head, rows. ARGV: epoch, stream, after or '', last, entries or '', snapshot or '', trim or '', ms to live. Each of the
 * commands counts, because each word of each run may be a call: the life is renewed now and then only.
 */
export const WRITE = `#!lua
local epoch, stream, after, last = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local entries, snapshot, trim, ttl = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local head = redis.call('HMGET', KEYS[1], 'epoch', 'stream', 'last', 'rows')
local has_rows = false
if after == '' then
  if head[1] and tonumber(head[1]) > tonumber(epoch) then return 0 end
  redis.call('UNLINK', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'stream', stream, 'snapshots', 0)
else
  if head[2] ~= stream or head[3] ~= after then return 0 end
  has_rows = head[4] == '1'
  if snapshot ~= '' then redis.call('HINCRBY', KEYS[1], 'snapshots', 1) end
end
if entries ~= '' then
  if not has_rows then
    redis.call('XADD', KEYS[2], last, 'e', entries)
    redis.call('HSET', KEYS[1], 'rows', 1)
  elseif not redis.call('XADD', KEYS[2], 'NOMKSTREAM', last, 'e', entries) then
    return 0
  end
elseif has_rows and redis.call('EXISTS', KEYS[2]) == 0 then
  return 0
end
if snapshot ~= '' then redis.call('HSET', KEYS[1], 'snapshot', snapshot) end
if trim ~= '' then redis.call('XTRIM', KEYS[2], 'MINID', tonumber(trim) + 1) end
redis.call('HSET', KEYS[1], 'last', last)
local is_quiet = after == '' or entries == ''
if is_quiet or math.floor(after / ${RENEW_EACH}) ~= math.floor(last / ${RENEW_EACH}) then
  redis.call('PEXPIRE', KEYS[1], ttl)
  redis.call('PEXPIRE', KEYS[2], ttl)
end
return 1`

/** KEYS: head, rows. ARGV: epoch, stream or '', last, snapshots. Nothing, or the head and then the entries of each row. */
export const READ = `#!lua flags=no-writes
local epoch, stream, after, snapshots = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local head = redis.call('HMGET', KEYS[1], 'epoch', 'stream', 'last', 'snapshots', 'rows')
if not head[1] then return false end
local ahead = tonumber(head[1]) - epoch
if ahead < 0 or (ahead == 0 and tonumber(head[3]) <= after) then return false end
local goes_on = head[2] == stream
local found = { head[1], head[2], head[3], head[4], false }
if not goes_on or head[4] ~= snapshots then found[5] = redis.call('HGET', KEYS[1], 'snapshot') end
local last
for _, row in ipairs(redis.call('XRANGE', KEYS[2], goes_on and (after + 1) or '-', '+')) do
  found[#found + 1] = row[2][2]
  last = row[1]
end
if head[5] == '1' and last ~= head[3] .. '-0' then return false end
return found`

/** KEYS: head, rows. ARGV: epoch. */
export const DROP = `#!lua flags=allow-oom
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) <= tonumber(ARGV[1]) then redis.call('UNLINK', KEYS[1], KEYS[2]) end
return 0`

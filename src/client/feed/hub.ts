/**
 * Hears what many want and gets it on as few connections as possible: one, up to 50 chats and runs together; a run that several
 * read from the same offset is sent once.
 *
 * INVARIANT: a reader is told the frames after its offset once and in order, whatever happens to connections.
 */
import type { OutlastError } from '../../domain/errors.ts'
import type { FeedEnvelope } from '../../protocol/envelopes.ts'
import type { Connections, LinkState } from '../connection.ts'
import { errorOfProblem } from '../errors.ts'
import type { Http } from '../http.ts'
import { leaveGroup, type Carried, type Reader } from './carried.ts'
import { isNothing, type Demand } from './demand.ts'
import { Lane } from './lane.ts'
import { Latest } from './latest.ts'
import { problemOf, type News } from './news.ts'

/** Who wants something: one tab. */
type Member = {
  readonly tell: (news: readonly News[]) => void
  readonly readers: Map<string, Reader>
  demand: Demand
}

export type HubOptions = {
  readonly http: Http
  readonly connections: Connections
  /** Of the first connection. */
  readonly onState?: (state: LinkState | 'idle') => void
  /** The server is there. */
  readonly onSign?: () => void
}

/** React mounts twice in development, and pages change by leaving one and opening another. */
const GRACE_MS = 1000

export class Hub {
  readonly #options: HubOptions
  readonly #members = new Map<string, Member>()
  readonly #lanes: Lane[] = []
  readonly #latest = new Latest()
  #isPlanned = false
  #isPaused = false
  #grace: ReturnType<typeof setTimeout> | undefined

  constructor(options: HubOptions) {
    this.#options = options
  }

  /** What this member wants from now on. Readers that it had before go on where they are, whatever offset it says. */
  set(id: string, demand: Demand, tell: Member['tell']): void {
    const member = this.#members.get(id) ?? { tell, readers: new Map(), demand }
    const before = this.#members.has(id) ? member.demand : undefined
    this.#members.set(id, member)
    member.demand = demand
    this.#setReaders(id, member)
    const known = [
      ...demand.chats.filter((chatId) => !before?.chats.includes(chatId)).map(this.#knownOf),
      demand.states && !before?.states ? this.#latest.states : undefined,
    ].filter((news) => news !== undefined)
    if (known.length > 0) member.tell(known)
    this.#plan()
  }

  /** This member is gone. */
  drop(id: string): void {
    for (const reader of this.#members.get(id)?.readers.values() ?? []) leaveGroup(reader)
    this.#members.delete(id)
    this.#plan()
  }

  /** Closes everything until `go`; members keep their places. */
  pause(): void {
    this.#isPaused = true
    this.#closeLanes()
  }

  go(): void {
    this.#isPaused = false
    this.#plan()
  }

  /** Asks for everything again, as whoever is signed in now. */
  renew(): void {
    this.#latest.forget()
    for (const lane of this.#lanes) lane.reopen()
  }

  close(): void {
    this.#members.clear()
    this.#closeLanes()
  }

  #knownOf = (chatId: string) => this.#latest.of(chatId)

  #setReaders(id: string, { readers, demand }: Member): void {
    const wanted = new Map(demand.runs.map((run) => [run.key, run]))
    for (const [key, reader] of readers) {
      if (wanted.has(key)) continue
      leaveGroup(reader)
      readers.delete(key)
    }
    for (const [key, { runId, after }] of wanted)
      if (!readers.has(key))
        readers.set(key, {
          member: id,
          key,
          runId,
          offset: after,
          group: undefined,
          isOver: false,
        })
  }

  /** Changes of the same moment are one change. */
  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    queueMicrotask(() => {
      this.#isPlanned = false
      this.#update()
    })
  }

  #update(): void {
    if (this.#isPaused) return
    const members = [...this.#members.values()]
    if (members.every(({ demand }) => isNothing(demand))) {
      if (this.#lanes.length > 0) this.#grace ??= setTimeout(() => this.#closeLanes(), GRACE_MS)
      return
    }
    clearTimeout(this.#grace)
    this.#grace = undefined
    this.#allot(
      new Set(members.flatMap(({ demand }) => demand.chats)),
      members.flatMap(({ readers }) => [...readers.values()]).filter(({ isOver }) => !isOver),
    )
    for (const lane of this.#lanes.slice(1).filter(({ isEmpty }) => isEmpty)) {
      lane.close()
      this.#lanes.splice(this.#lanes.indexOf(lane), 1)
    }
    for (const lane of this.#lanes) lane.update()
    this.#latest.keep(new Set(this.#lanes.flatMap(({ carriedChats }) => [...carriedChats])))
  }

  /** What a connection carries stays there; the rest goes where there is room. */
  #allot(chats: ReadonlySet<string>, readers: readonly Reader[]): void {
    for (const lane of this.#lanes) lane.clear()
    const newChats = [...chats].filter((chatId) => {
      const lane = this.#lanes.find((one) => one.carriedChats.has(chatId))
      lane?.takeChat(chatId)
      return !lane
    })
    const newReaders = readers.filter((reader) => {
      const lane =
        this.#lanes.find((one) => one.carries(reader)) ??
        this.#lanes.find((one) => one.admits(reader))
      lane?.takeReader(reader)
      return !lane
    })
    for (const chatId of newChats) this.#laneWithRoom().takeChat(chatId)
    for (const reader of newReaders) this.#laneWithRoom().takeReader(reader)
    // Not even one thing: somebody wants the states only.
    if (this.#lanes.length === 0) this.#laneWithRoom()
  }

  #laneWithRoom(): Lane {
    const found = this.#lanes.find(({ hasRoom }) => hasRoom)
    if (found) return found
    const { http, connections, onState = () => {}, onSign = () => {} } = this.#options
    const isFirst = this.#lanes.length === 0
    const lane: Lane = new Lane({
      http,
      connections,
      onState: isFirst ? onState : () => {},
      onSign,
      receive: (carried, envelopes) => this.#receive(carried, envelopes, isFirst),
      onRefused: (refused, error) => this.#refuse(refused, error),
    })
    this.#lanes.push(lane)
    return lane
  }

  #closeLanes(): void {
    clearTimeout(this.#grace)
    this.#grace = undefined
    for (const lane of this.#lanes.splice(0)) lane.close()
    this.#latest.forget()
  }

  #receive(carried: Carried, envelopes: readonly FeedEnvelope[], isFirst: boolean): boolean {
    const outbox = new Outbox()
    let isFurther = false
    try {
      for (const envelope of envelopes) {
        if (envelope.type === 'chunk') isFurther = true
        this.#sort(outbox, carried, envelope, isFirst)
      }
    } finally {
      outbox.send(this.#members)
    }
    return isFurther
  }

  #sort(outbox: Outbox, carried: Carried, envelope: FeedEnvelope, isFirst: boolean): void {
    switch (envelope.type) {
      case 'chunk': {
        const { offset, chunk } = envelope
        for (const { member, key } of carried.advance(envelope.reader, envelope))
          outbox.add(member, { type: 'frame', reader: key, offset, chunk })
        return
      }
      case 'end':
      case 'problem': {
        const { reader: index, ...news } = envelope
        if (news.type === 'problem') throwIfPassing(errorOfProblem(news.problem))
        for (const reader of carried.end(index)) {
          reader.isOver = true
          outbox.add(reader.member, { ...news, reader: reader.key })
        }
        return
      }
      case 'states':
      case 'state':
      case 'run':
      case 'removed':
        // Each connection tells the states of all chats.
        if (!isFirst && (envelope.type === 'states' || envelope.type === 'state')) return
        this.#latest.learn(envelope)
        for (const [id, { demand }] of this.#members)
          if (concerns(demand, envelope)) outbox.add(id, envelope)
        return
      default:
        // Of a newer server.
        envelope satisfies never
    }
  }

  #refuse(lane: Lane, error: OutlastError): void {
    const outbox = new Outbox()
    const problem = problemOf(error)
    for (const reader of lane.readers) {
      reader.isOver = true
      leaveGroup(reader)
      outbox.add(reader.member, { type: 'problem', reader: reader.key, problem })
    }
    for (const id of this.#members.keys()) outbox.add(id, { type: 'refused', problem })
    outbox.send(this.#members)
    this.#plan()
  }
}

/** What came together is told together. */
class Outbox {
  readonly #news = new Map<string, News[]>()

  add(member: string, news: News): void {
    const waiting = this.#news.get(member)
    if (waiting) waiting.push(news)
    else this.#news.set(member, [news])
  }

  send(members: ReadonlyMap<string, Member>): void {
    for (const [member, news] of this.#news) members.get(member)?.tell(news)
  }
}

type ChatEnvelope = Exclude<FeedEnvelope, { reader: number }>

const concerns = ({ chats, states }: Demand, envelope: ChatEnvelope): boolean => {
  if (envelope.type === 'run') return chats.includes(envelope.chatId)
  if (envelope.type === 'removed') return states || chats.includes(envelope.chatId)
  return states
}

/** A reader that may be readable later is read again with all others, after a pause. */
const throwIfPassing = (error: OutlastError): void => {
  if (error.retryable) throw error
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunDetails, RunHold, Step } from '../../src/client/types.ts'
import { chartOf, type Call } from '../../web/src/runs/timeline/chart.ts'
import { drawingOf, neighbourOf } from '../../web/src/runs/timeline/drawing.ts'
import { lanesOf } from '../../web/src/runs/timeline/pack.ts'
import { roomAfter, scaleOf, ticksOf } from '../../web/src/runs/timeline/scale.ts'

const BEGIN = Date.parse('2026-01-31T12:00:00Z')
const at = (ms: number) => new Date(BEGIN + ms).toISOString()
const since = (time: number | undefined) => (time === undefined ? undefined : time - BEGIN)

const runOf = (run: Partial<RunDetails>): RunDetails => ({
  id: 'r',
  chatId: 'c',
  chatTitle: 'A chat',
  status: 'succeeded',
  trigger: 'user',
  agent: 'a',
  models: [],
  error: null,
  errorCode: null,
  output: null,
  stepCount: 1,
  attempt: 0,
  epoch: 1,
  assistantMessageId: 'm',
  stopRequestedAt: null,
  createdAt: at(0),
  startedAt: at(10),
  finishedAt: at(10_000),
  usage: {},
  costMicros: null,
  ...run,
})

const holdOf = (hold: Partial<RunHold>): RunHold => ({
  epoch: 1,
  worker: 'one',
  beganAt: at(10),
  endedAt: at(10_000),
  end: 'settled',
  ...hold,
})

const callOf = (call: Partial<Call>): Call => ({
  toolCallId: 't',
  toolName: 'look',
  input: {},
  status: 'succeeded',
  attempt: 1,
  startedAt: at(2000),
  finishedAt: at(3000),
  ...call,
})

const stepOf = (step: Partial<Step>): Step => ({
  stepIndex: 0,
  finishReason: 'tool-calls',
  startedAt: at(100),
  firstChunkAt: at(400),
  finishedAt: at(2000),
  parts: [],
  calls: [],
  ...step,
})

const ofRun = (...known: Parameters<typeof chartOf>) =>
  chartOf(...known).run.map(({ state, worker, from, to }) => [
    state,
    worker,
    since(from),
    since(to),
  ])

describe('the run on its timeline', () => {
  it('is pending until a worker takes it, and held until it ends', () => {
    expect(ofRun({ run: runOf({}), holds: [holdOf({})], steps: [] })).toEqual([
      ['pending', undefined, 0, 10],
      ['held', 'one', 10, 10_000],
    ])
  })

  it('is pending without an end while nobody has taken it', () => {
    const run = runOf({ status: 'pending', startedAt: null, finishedAt: null })
    expect(ofRun({ run, holds: [], steps: [] })).toEqual([['pending', undefined, 0, undefined]])
  })

  it('was held by somebody where an older version ran it', () => {
    expect(ofRun({ run: runOf({}), holds: [], steps: [] })).toEqual([
      ['pending', undefined, 0, 10],
      ['held', undefined, 10, 10_000],
    ])
  })

  it('is lost after the last sign of its worker, until another one took it', () => {
    const holds = [
      holdOf({ endedAt: at(15_000), end: 'lost' }),
      holdOf({ epoch: 2, worker: 'two', beganAt: at(15_000), endedAt: at(20_000) }),
    ]
    const steps = [stepOf({ calls: [callOf({ finishedAt: at(3000) })] })]
    const run = runOf({ finishedAt: at(20_000) })
    expect(ofRun({ run, holds, steps })).toEqual([
      ['pending', undefined, 0, 10],
      ['held', 'one', 10, 3000],
      ['lost', 'one', 3000, 15_000],
      ['held', 'two', 15_000, 20_000],
    ])
  })

  it('waits for a person until the last answer, then for a worker', () => {
    const holds = [
      holdOf({ endedAt: at(2000), end: 'waiting' }),
      holdOf({ epoch: 2, worker: 'two', beganAt: at(9000), endedAt: at(10_000) }),
    ]
    const calls = [
      callOf({ decidedAt: at(5000), startedAt: at(9000), finishedAt: at(9500) }),
      callOf({ toolCallId: 'u', decidedAt: at(8900), startedAt: at(9000) }),
    ]
    expect(ofRun({ run: runOf({}), holds, steps: [stepOf({ calls })] })).toEqual([
      ['pending', undefined, 0, 10],
      ['held', 'one', 10, 2000],
      ['waiting', undefined, 2000, 8900],
      ['queued', undefined, 8900, 9000],
      ['held', 'two', 9000, 10_000],
    ])
  })

  it('still waits when one of two has been answered', () => {
    const holds = [holdOf({ endedAt: at(2000), end: 'waiting' })]
    const calls = [callOf({ decidedAt: at(5000), status: 'approved', finishedAt: null })]
    const run = runOf({ status: 'waiting', finishedAt: null })
    expect(ofRun({ run, holds, steps: [stepOf({ calls })] }).at(-1)).toEqual([
      'waiting',
      undefined,
      2000,
      undefined,
    ])
  })

  it('waits for a worker after one that was closed', () => {
    const holds = [holdOf({ endedAt: at(2000), end: 'released' })]
    const run = runOf({ status: 'running', finishedAt: null })
    expect(ofRun({ run, holds, steps: [] }).at(-1)).toEqual(['queued', undefined, 2000, undefined])
  })
})

describe('the model on its timeline', () => {
  const open = { status: 'running', finishedAt: null } as const
  const held = [holdOf({ endedAt: null, end: null })]

  it('has each attempt that broke before the step that it became', () => {
    const broken = { errorCode: 'provider_broken_stream', error: 'It broke.' }
    const brokenAttempts = [{ startedAt: at(20), endedAt: at(90), ...broken }]
    const { model } = chartOf({ run: runOf({}), holds: [], steps: [stepOf({ brokenAttempts })] })
    expect(model).toMatchObject([
      { state: 'broken', error: 'It broke.', from: BEGIN + 20, to: BEGIN + 90 },
      { state: 'answered', firstChunkAt: BEGIN + 400, from: BEGIN + 100, to: BEGIN + 2000 },
    ])
  })

  it('is being asked for the next step when the tools of the last one have ended', () => {
    const steps = [stepOf({ calls: [callOf({ finishedAt: at(3000) })] })]
    const { model, isActive } = chartOf({ run: runOf(open), holds: held, steps })
    expect(isActive).toBe(true)
    expect(model.at(-1)).toMatchObject({ state: 'answering', stepIndex: 1, from: BEGIN + 3000 })
    expect(model.at(-1)!.to).toBeUndefined()
  })

  it('is not asked while a tool runs, while nobody has the run, or while a person is waited for', () => {
    const steps = [stepOf({ calls: [callOf({ status: 'started', finishedAt: null })] })]
    const charts = [
      chartOf({ run: runOf(open), holds: held, steps }),
      chartOf({ run: runOf(open), holds: [holdOf({ end: 'released' })], steps: [stepOf({})] }),
      chartOf({ run: runOf({ ...open, status: 'waiting' }), holds: held, steps: [stepOf({})] }),
    ]
    for (const { model } of charts) expect(model).toHaveLength(1)
  })

  it('places a step of which no times are known where the one before it ended', () => {
    const steps = [
      stepOf({}),
      stepOf({ stepIndex: 1, finishReason: 'interrupted', startedAt: null, finishedAt: null }),
    ]
    const { model } = chartOf({ run: runOf({ status: 'aborted' }), holds: [], steps })
    expect(model[1]).toMatchObject({ state: 'interrupted', from: BEGIN + 2000, to: BEGIN + 2000 })
  })
})

describe('a tool call on its timeline', () => {
  it('that had to be approved begins where its model call ended', () => {
    const call = callOf({ decidedAt: at(8000), startedAt: at(8500), finishedAt: at(9000) })
    const { calls, marks } = chartOf({
      run: runOf({ stopRequestedAt: at(9500) }),
      holds: [],
      steps: [stepOf({ calls: [call] })],
    })
    expect(calls).toMatchObject([
      { from: BEGIN + 2000, waitedUntil: BEGIN + 8000, to: BEGIN + 9000 },
    ])
    expect(marks.map(({ kind, at: time }) => [kind, since(time)])).toEqual([
      ['stop', 9500],
      ['decided', 8000],
      ['end', 10_000],
    ])
  })
})

describe('the scale', () => {
  it('keeps proportions where nothing crushes the rest', () => {
    const { at: place, gaps } = scaleOf({ from: 0, to: 10_000 }, [0, 10, 4000, 5000, 10_000])
    expect(gaps).toEqual([])
    expect(place(2500)).toBeCloseTo(0.25)
  })

  it('cuts waits of hours, so that the seconds before, between and after them are seen', () => {
    const hours = 3 * 3_600_000
    const moments = [1000, 2000, 2000 + hours, 4000 + hours, 4000 + 2 * hours]
    const { at: place, gaps } = scaleOf({ from: 0, to: 6000 + 2 * hours }, moments)
    expect(gaps.map(({ from, to }) => [from, to])).toEqual([
      [2000, 2000 + hours],
      [4000 + hours, 4000 + 2 * hours],
    ])
    expect(place(2000)).toBeGreaterThan(0.2)
    expect(gaps[0]!.width).toBeLessThan(0.15)
  })

  it('cuts several waits that crush the rest only together', () => {
    const moments = [1000, 11_000, 51_000, 55_000, 115_000, 116_000]
    const { gaps } = scaleOf({ from: 0, to: 320_000 }, moments)
    expect(gaps.map(({ from, to }) => to - from)).toEqual([40_000, 60_000, 204_000])
  })

  it.each([
    ['one long call with next to nothing beside it', 60_000, [20, 59_900]],
    [
      'what the run consists of',
      1_200_000,
      Array.from({ length: 30 }, (_, index) => index * 40_000 + 500),
    ],
  ])('does not cut %s', (_, to, moments) => {
    expect(scaleOf({ from: 0, to }, moments).gaps).toEqual([])
  })

  it('shows the time as it was when nobody wants it cut', () => {
    const { at: place, gaps } = scaleOf({ from: 0, to: 100_000 }, [500], { isCutting: false })
    expect(gaps).toEqual([])
    expect(place(50_000)).toBeCloseTo(0.5)
  })

  const axis = fc
    .tuple(fc.integer({ min: 1, max: 1e8 }), fc.array(fc.integer({ min: 0, max: 1e8 })))
    .map(([length, moments]) => ({ length, moments: moments.map((moment) => moment % length) }))

  it('never goes back, and goes from 0 to 1', () => {
    fc.assert(
      fc.property(axis, fc.boolean(), ({ length, moments }, isCutting) => {
        const { at: place } = scaleOf({ from: 0, to: length }, moments, { isCutting })
        const places = [0, ...moments.toSorted((one, other) => one - other), length].map(place)
        expect(places[0]).toBeCloseTo(0)
        expect(places.at(-1)).toBeCloseTo(1)
        for (const [index, one] of places.slice(1).entries())
          expect(one).toBeGreaterThanOrEqual(places[index]! - 1e-9)
      }),
    )
  })

  it('has no more labels than find room, none of them in a gap', () => {
    fc.assert(
      fc.property(axis, fc.integer({ min: 2, max: 40 }), ({ length, moments }, most) => {
        const scale = scaleOf({ from: 0, to: length }, moments)
        const ticks = ticksOf(scale, most)
        expect(ticks.length).toBeLessThanOrEqual(1.5 * most + 1)
        for (const { elapsedMs } of ticks)
          for (const { from, to } of scale.gaps)
            expect(elapsedMs > from && elapsedMs < to).toBe(false)
      }),
    )
  })

  it('leaves room ahead of what goes on, so that it is seldom drawn anew', () => {
    let drawn = 0
    let room = 0
    for (let now = 0; now < 3_600_000; now += 250) {
      if (roomAfter(0, now) !== room) drawn += 1
      room = roomAfter(0, now)
      expect(room).toBeGreaterThanOrEqual(now)
    }
    expect(drawn).toBeLessThan(50)
  })
})

describe('lanes', () => {
  const bars = fc.array(fc.tuple(fc.float({ min: 0, max: 1, noNaN: true }), fc.nat(1000)))

  it('never lay one bar over another, and are as few as there are bars at once', () => {
    fc.assert(
      fc.property(bars, (given) => {
        const extents = given.map(([from, length]) => [from, Math.min(1, from + length / 3000)])
        const lanes = lanesOf(extents, ([from, to]) => [from!, to!] as const, 0.001)
        expect(lanes.flat()).toHaveLength(given.length)
        for (const lane of lanes)
          for (const [index, bar] of lane.slice(1).entries()) {
            const before = lane[index]!
            expect(bar.at).toBeGreaterThanOrEqual(before.at + before.width - 1e-6)
          }
        const placed = lanes.flat()
        const together = placed.map(
          ({ at: moment }) =>
            placed.filter((one) => one.at <= moment && one.at + one.width > moment + 1e-6).length,
        )
        expect(lanes.length).toBeLessThanOrEqual(Math.max(0, ...together))
      }),
    )
  })

  it('of a thousand short calls are a dozen', () => {
    const calls = Array.from({ length: 1000 }, (_, index) =>
      callOf({
        toolCallId: `t${index}`,
        startedAt: at(index * 10),
        finishedAt: at(index * 10 + 40),
      }),
    )
    const steps = Array.from({ length: 200 }, (_, stepIndex) =>
      stepOf({ stepIndex, calls: calls.slice(stepIndex * 5, stepIndex * 5 + 5) }),
    )
    const chart = chartOf({ run: runOf({}), holds: [holdOf({})], steps })
    const scale = scaleOf({ from: BEGIN, to: BEGIN + 10_000 }, [])
    const drawing = drawingOf(chart, scale, 1000)
    expect(drawing.bars.size).toBe(2 + 200 + 1000)
    expect(drawing.groups.at(-1)!.lanes.length).toBeLessThanOrEqual(12)
  })
})

describe('the arrow keys', () => {
  const steps = [
    stepOf({
      calls: [
        callOf({ toolCallId: 'a', startedAt: at(2000), finishedAt: at(4000) }),
        callOf({ toolCallId: 'b', startedAt: at(2000), finishedAt: at(3000) }),
      ],
    }),
    stepOf({ stepIndex: 1, startedAt: at(4000), finishedAt: at(9000) }),
  ]
  const chart = chartOf({ run: runOf({}), holds: [holdOf({})], steps })
  const drawing = drawingOf(chart, scaleOf({ from: BEGIN, to: BEGIN + 10_000 }, []), 1000)

  it.each([
    ['step 0', 'ArrowRight', 'step 1'],
    ['step 1', 'ArrowLeft', 'step 0'],
    ['step 1', 'Home', 'step 0'],
    ['step 0', 'End', 'step 1'],
    ['step 0', 'ArrowUp', 'run 1'],
    ['step 1', 'ArrowDown', 'call 0 a'],
    ['call 0 a', 'ArrowDown', 'call 0 b'],
    ['call 0 b', 'ArrowDown', undefined],
    ['step 1', 'ArrowRight', undefined],
    ['step 1', 'x', undefined],
    ['nothing', 'ArrowLeft', undefined],
  ])('lead from %s with %s to %s', (from, key, to) => {
    expect(neighbourOf(drawing, from, key)).toBe(to)
  })
})

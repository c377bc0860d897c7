import { setTimeout as sleep } from 'node:timers/promises'
import { crossPipes } from './crossing.ts'

/**
 * A program: two cameras of one agent whose pipes of pictures are crossed. Prints a JSON line with, for each, the states
 * of its source and the cameras its pictures bear the mark of. With the argument `unchecked` the agent does not look.
 */
const PICTURES = 12
const MOST_MS = 40_000

crossPipes(process.argv[2] === 'unchecked')
const { marksOf, openShare, view } = await import('./share-watcher.ts')
const { cameraTag } = await import('@ownsight/camera-agent/media/mark')
const cameras = ['cam-a', 'cam-b'].map(camId => {
  const config = { kind: 'test-pattern', width: 320, height: 180, fps: 10 } as const
  const { share, statuses } = openShare(config, { camId })
  return { camId, share, statuses, viewer: view(share) }
})
const names = new Map(cameras.map(({ camId }) => [cameraTag(camId), camId]))
const end = performance.now() + MOST_MS
while (cameras.some(({ viewer }) => viewer.frames.length < PICTURES) && performance.now() < end)
  await sleep(50)
const story = []
for (const { camId, share, statuses, viewer } of cameras) {
  const marks = await marksOf('h264', viewer.frames)
  const seen = marks.map(mark => mark && (names.get(mark.camera) ?? 'unknown'))
  const codes = statuses.map(({ state, code }) => [state, code].filter(Boolean).join(' '))
  story.push({ camId, codes, seen: [...new Set(seen)] })
  await share.close()
}
process.stdout.write(`${JSON.stringify(story)}\n`)

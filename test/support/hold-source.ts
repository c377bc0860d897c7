import { text } from 'node:stream/consumers'
import { createShare } from '@ownsight/camera-agent/media/share'
import { parseSource } from '@ownsight/camera-agent/media/source-config'

/** A program to be killed: opens the source read from standard input and prints its process's id when live. */
const config = parseSource(JSON.parse(await text(process.stdin)), 'source')
const share = createShare(config, { cameraName: 'Porch', camId: 'cam-a' })
share.subscribe('h264', () => {})
share.onStatus(({ state }) => console.log(state, share.pid()))

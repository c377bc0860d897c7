import { checkSource } from '@ownsight/camera-agent/media/check'

/** A program to run under strace: checks the file named by its argument and prints the status. */
console.log(JSON.stringify(await checkSource({ kind: 'file', path: process.argv[2] ?? '' })))

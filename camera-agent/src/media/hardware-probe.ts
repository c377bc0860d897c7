import { AV_LOG_QUIET } from 'node-av/constants'
import { Log } from 'node-av/lib'
import { confine, dieWithParent } from './confine.ts'
import { HARDWARE } from './hardware-names.ts'
import { passesSelfTest } from './hardware-test.ts'

/** Entry of a process that tries each hardware encoder and names the first that does its work: a driver may crash it. */
dieWithParent()
Log.setLevel(AV_LOG_QUIET)
confine(process.argv.slice(2).map(Number))

for (const name of HARDWARE)
  if (await passesSelfTest(name)) {
    await new Promise(resolve => process.send?.({ name }, resolve))
    break
  }
process.kill(process.pid, 'SIGKILL')

// Runs a TypeScript program with this project's Node. Plain JavaScript, so that an old Node can say what is missing.
const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `Ownsight needs Node 24 or newer; this is ${process.version}, and npm has no Node of its own for ${process.platform}-${process.arch} here. Install Node 24 from nodejs.org, then run this again.`,
  )
  process.exit(1)
}
const [program, ...rest] = process.argv.slice(2)
const { resolve } = await import('node:path')
const { pathToFileURL } = await import('node:url')
process.argv = [process.argv[0], resolve(program), ...rest]
await import(pathToFileURL(resolve(program)).href)

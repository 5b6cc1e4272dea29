import { DockerfileParser } from 'dockerfile-ast'
import { fileAt } from './the-metrics.js'

const dockerfile = DockerfileParser.parse(fileAt('deploy/container/Dockerfile'))

/** Keyword and arguments as they stand, but for comments. */
export const instructions: ReadonlyArray<readonly [keyword: string, text: string]> = dockerfile
  .getInstructions()
  .map((instruction) => [instruction.getKeyword(), instruction.getRawArgumentsContent() ?? ''])

/** Those of the last stage: the image. */
export const instructionsOfImage = instructions.slice(instructions.findLastIndex(([keyword]) => keyword === 'FROM'))

/** The arguments of the one instruction of this name in the image. */
export const ofImage = (keyword: string): string => {
  const [found, ...more] = instructionsOfImage.filter(([name]) => name === keyword)
  if (found === undefined || more.length > 0) throw new Error(`not one ${keyword}`)
  return found[1]
}

export const environmentOfImage: Readonly<Record<string, string>> = Object.fromEntries(
  instructionsOfImage
    .filter(([keyword]) => keyword === 'ENV')
    .flatMap(([, text]) => text.split(/\s+/).map((pair) => pair.split('='))),
)

/** Program and arguments. */
export const entrypoint = JSON.parse(ofImage('ENTRYPOINT')) as ReadonlyArray<string>

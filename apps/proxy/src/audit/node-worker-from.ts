import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

// Tests run from source, where Node strips the types by itself but does not look for a .ts behind a .js.
const findsSources = `
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve: (specifier, context, next) => {
      try {
        return next(specifier, context)
      } catch (error) {
        if (/^\\.{1,2}\\/.*\\.js$/.test(specifier)) return next(specifier.slice(0, -3) + '.ts', context)
        throw error
      }
    },
  })`

// What comes through these threads is soon gone: without a limit V8 would let it pile up to 80 MB before it looked.
const resourceLimits = { maxYoungGenerationSizeMb: 8 }

/** Starts a thread from a module of ours, built or as source. */
export const workerFrom = (module: URL, workerData: unknown, name: string): Worker =>
  existsSync(fileURLToPath(module))
    ? new Worker(module, { workerData, name, resourceLimits })
    : new Worker(new URL(module.href.replace(/\.js$/, '.ts')), {
        workerData,
        name,
        resourceLimits,
        execArgv: ['--import', `data:text/javascript,${encodeURIComponent(findsSources)}`],
      })

export * as it from 'express'

export { answerAuditor } from './answer-auditor.js'

/** Shows and saves a running node. */
export { WarmRestart } from './snapshot/warm-restart.ts';

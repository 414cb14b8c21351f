/** A proxy before nodes that are no cluster: their placement, connections and health. */
export { readProxiedNodes } from './placement.ts';

/** An address, a node or a list of nodes is invalid; the message is a sentence that says why. */
export class TopologyError extends Error {
  override readonly name = 'TopologyError';
}

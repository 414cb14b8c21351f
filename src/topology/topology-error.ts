import { CodedError } from '../base/index.ts';

/** An address, a node or a list of nodes is invalid; the message is a sentence that says why. */
export class TopologyError extends CodedError {
  constructor(message: string) {
    super('ERR_TOPOLOGY', message);
  }
}

import { type Frame, MalformedFrame } from '../../protocol/peer.ts';
import type { PeerConnection, PeerService } from '../peers/peer-connection.ts';

type Take = (frame: Frame, from: PeerConnection) => void;

/** Passes each request of a peer to what serves its kind. */
export function peerService(services: ReadonlyMap<number, Take>): PeerService {
  return {
    accepts: () => true,
    request(frame, from) {
      const take = services.get(frame.kind);
      if (take === undefined) throw new MalformedFrame(`no service for kind ${frame.kind}`);
      take(frame, from);
    },
  };
}

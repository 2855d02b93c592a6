import type { Http2Session } from "node:http2";

const PING_MS = 2000;
/** How long a peer may be silent before it counts as gone, in ms. */
export const SILENCE_MS = 10_000;

/**
 * Ends a session whose peer is silent, on either end of a tunnel's connection.
 * @param peer who is at the other end, for the error
 * @returns the timer, to be cleared when the session closes
 */
export function keepAlive(session: Http2Session, peer: string): NodeJS.Timeout {
  let heard = Date.now();
  let asked = Date.now();
  return setInterval(() => {
    const now = Date.now();
    // A pause of this process itself says nothing of the peer.
    if (now - asked > PING_MS * 2) heard = now;
    asked = now;
    if (now - heard > SILENCE_MS) {
      session.destroy(new Error(`${peer} does not answer`));
    } else if (!session.destroyed) {
      session.ping(() => {
        heard = Date.now();
      });
    }
  }, PING_MS);
}

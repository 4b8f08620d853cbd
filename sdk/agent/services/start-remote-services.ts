import type { RemoteBackend } from "../../protocol/backend.js";
import type { StartServices } from "./start-services.js";
import { startServicesWith } from "./start-services.js";

/** Blocks on their way to a server and back: enough for a way of 300 ms. */
const BLOCKS_UNDER_WAY = 3;

/**
 * The model of an agent whose heads are rendered elsewhere: the LCU is here, with what the microphone hears and the camera sees; the
 * generator is on a server, which gets F_pu, c_emo and the avatar's own audio. `packHash` is that of the pack on this side.
 */
export function startServicesOn(remote: RemoteBackend, packHash: string): StartServices {
  return async (options, hear) => {
    // Loaded only here, so that nobody else pays for the socket.
    const { createRemoteGenerator } = await import("../../remote/client/remote-generator.js");
    const urls = typeof remote.remote === "string" ? [remote.remote] : remote.remote;
    const generator = createRemoteGenerator({
      servers: { urls, token: remote.token },
      packHash,
      onTrouble: (error) => hear.onTrouble?.("generator", error),
    });
    const services = await startServicesWith(generator, options, hear);
    return { ...services, blocksUnderWay: BLOCKS_UNDER_WAY };
  };
}

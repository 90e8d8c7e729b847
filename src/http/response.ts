import type { Transport } from "./client.js";
import { type Progress, relay } from "./progress.js";
import type { Call } from "./request.js";

// Of these, a Response can have no body.
const empty = new Set([204, 205, 304]);

/**
 * An answer as a Response, its body still on its way: what reads it meets our errors, and the session's
 * timeout; what ends the operation ends it.
 *
 * @param flight - of this alone: it lands with the body
 */
export async function responseTo(
  transport: Transport,
  call: Call,
  onProgress?: Progress,
  flight = transport.takeOff(call.signal),
): Promise<Response> {
  try {
    const { response, bytes, close } = await transport.open(call, flight);
    const { status, statusText } = response;
    const headers = new Headers(response.headers);
    // The bytes are unpacked, which these headers, passed on with them, would deny.
    if (headers.has("content-encoding")) {
      headers.delete("content-encoding");
      headers.delete("content-length");
    }
    const letGo = () => {
      close();
      flight.land();
    };
    if (empty.has(status) || call.method === "HEAD") {
      letGo();
      return new Response(null, { status, statusText, headers });
    }
    const total = Number(headers.get("content-length")) || undefined;
    const patience = transport.timeout;
    const silent = () => transport.silent(call, patience);
    const transfer = { flight, patience, silent, total, onProgress };
    const { body } = relay(() => bytes.next(), letGo, "giving", transfer);
    return new Response(body, { status, statusText, headers });
  } catch (error) {
    flight.abort();
    flight.land();
    throw error;
  }
}

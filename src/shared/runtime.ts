/** Differences between the runtimes. */

/** The request options, or none if the runtime rejects them. */
function accepted(init: RequestInit): RequestInit {
  try {
    new Request("http://localhost/", init);
    return init;
  } catch {
    return {};
  }
}

function isNamed(names: RegExp): boolean {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  return names.test(navigator?.userAgent ?? "");
}

/** workerd rejects this option; elsewhere it prevents cookies and login dialogs. */
export const credentials = /* @__PURE__ */ accepted({ credentials: "omit" });

/**
 * Node buffers all that it sends in case a redirect needs it again, unless redirects are errors and no window
 * can show a login dialog. workerd rejects these options, and buffers nothing.
 */
export const unrepeatable = /* @__PURE__ */ accepted({ redirect: "error", window: null });

/** Whether the runtime keeps the cookies, and scripts can neither set nor read them: in browsers. */
export const hidesCookies = /* @__PURE__ */ (() =>
  !new Request("http://localhost/", { headers: { cookie: "a=b" } }).headers.has("cookie"))();

/** Whether a request body can be a stream. Browsers reject one over HTTP/1.1, or send its name as text. */
export const sendsStreams = !hidesCookies;

/** Whether headers accept any character and are sent as UTF-8: in workerd. Elsewhere they are bytes. */
export const encodesHeaders = /* @__PURE__ */ (() => {
  try {
    return new Headers({ a: "\u0100" }).has("a");
  } catch {
    return false;
  }
})();

/**
 * Whether the runtime itself resends a request if a kept-alive connection closes without a response. A write
 * that succeeded would then conflict with itself. A stream cannot be resent. Browsers resend, too, but cannot
 * send streams.
 */
export const resends = /* @__PURE__ */ isNamed(/^(Deno|Bun|Cloudflare)/);

/**
 * Whether each chunk of a body takes 64 KiB of memory, however short it is: in Deno. CouchDB sends one chunk
 * per row, and a scan takes twice as long. In other runtimes, reading into a given buffer is slower.
 */
export const wastesMemory = /* @__PURE__ */ isNamed(/^Deno/);

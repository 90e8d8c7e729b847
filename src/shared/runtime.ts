/** What the runtimes differ in. */

/** What may be asked of a request, or nothing, where a runtime refuses it. */
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

/** workerd refuses the member altogether; elsewhere it keeps out cookies and login windows. */
export const credentials = /* @__PURE__ */ accepted({ credentials: "omit" });

/**
 * Node keeps all that it has sent, for the redirect that may ask for it again, unless a redirect is an
 * error and no window could be asked for a password. workerd refuses this, and keeps nothing.
 */
export const unrepeatable = /* @__PURE__ */ accepted({ redirect: "error", window: null });

/** Whether cookies are the runtime's, and no script may set or read one: in browsers. */
export const hidesCookies = /* @__PURE__ */ (() =>
  !new Request("http://localhost/", { headers: { cookie: "a=b" } }).headers.has("cookie"))();

/** Whether a request's body may be a stream: not in browsers, which send none over HTTP/1.1, or its name. */
export const sendsStreams = !hidesCookies;

/** Whether a header may have any character, and is sent as UTF-8: in workerd. Elsewhere it is bytes. */
export const encodesHeaders = /* @__PURE__ */ (() => {
  try {
    return new Headers({ a: "\u0100" }).has("a");
  } catch {
    return false;
  }
})();

/**
 * Whether a request is sent again by the runtime itself when a kept connection closes without a word: a
 * write that was done would meet itself. A stream is not: nobody has it any more. Browsers do so, too,
 * but send no streams.
 */
export const resends = /* @__PURE__ */ isNamed(/^(Deno|Bun|Cloudflare)/);

/**
 * Whether each chunk of a body takes 64 KiB of memory, however little there is of it: in Deno. CouchDB sends a
 * chunk a row, and a scan takes twice the time. Elsewhere, to read into memory that is given is what costs.
 */
export const wastesMemory = /* @__PURE__ */ isNamed(/^Deno/);

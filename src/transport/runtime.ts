/** What the runtimes differ in. */

// workerd refuses the member altogether; elsewhere it keeps out cookies and login windows.
export const credentials = /* @__PURE__ */ (() => {
  try {
    new Request("http://localhost/", { credentials: "omit" });
    return { credentials: "omit" } as const;
  } catch {
    return {};
  }
})();

/**
 * Whether a request's body may be a stream. Not in browsers, which send none over HTTP/1.1, or send
 * its name; they are the ones that let no script set a Cookie.
 */
export const sendsStreams = /* @__PURE__ */ (() =>
  new Request("http://localhost/", { headers: { cookie: "a=b" } }).headers.has("cookie"))();

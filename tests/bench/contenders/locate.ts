/** A URL as `fetch` takes it, which refuses credentials in one. */
export interface Location {
  url: string;
  headers: Record<string, string>;
  username: string;
  password: string;
}

export function locate(address: string): Location {
  const url = new URL(address);
  const username = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  url.username = "";
  url.password = "";
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const headers: Record<string, string> = username === "" ? {} : { authorization: basic };
  return { url: url.href.replace(/\/$/, ""), headers, username, password };
}

/** How clients come to a server through a middlebox. */
export interface Path {
  /** What a page is opened by, without a slash at the end. */
  readonly url: string;
  /** What a client speaks on it. */
  readonly protocol: "http/1.1" | "h2";
  /**
   * Host and port of a proxy that clients were told to take; null where the address in `url` is the
   * middlebox's own.
   */
  readonly forwardProxy: string | null;
}

/** A path by the middlebox's own address, on which HTTP/1.1 is spoken. */
export function directPath(url: string): Path {
  return { url, protocol: "http/1.1", forwardProxy: null };
}

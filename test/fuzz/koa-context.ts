import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import Koa, { type Context } from "koa";

const app = new Koa();

/** A request as a route sees it, without a connection. */
export function createContext(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Context {
  const request = new IncomingMessage(new Socket());
  request.method = method;
  request.url = url;
  request.httpVersion = "1.1";
  request.headers = { host: "localhost", ...headers };
  request.rawHeaders = Object.entries(request.headers).flat() as string[];
  return app.createContext(request, new ServerResponse(request));
}

/** A request whose body has been read already, as behind an application's body parser. */
export function createContextWithBody(url: string, type: string, body: Buffer): Context {
  const headers = { "content-type": type, "content-length": String(body.length) };
  const context = createContext(url, headers, "POST");
  Object.defineProperty(context.req, "readableEnded", { value: true });
  return Object.assign(context, { req: Object.assign(context.req, { rawBody: body }) });
}

// better-sse with one channel, and a route that broadcasts a body to it: node
// better-sse-process.mjs PORT
import { createServer } from "node:http";
import { createChannel, createSession } from "better-sse";
import { takePublishes } from "./publish-route.mjs";

const channel = createChannel();
const publish = takePublishes((text) => channel.broadcast(text));

createServer(async (request, response) => {
  if (request.method === "POST") return publish(request, response);
  channel.register(await createSession(request, response));
}).listen(Number(process.argv[2]), "127.0.0.1");

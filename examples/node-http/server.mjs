/** A door bell, without any framework, behind a password. See README.md. */
import { createHash, timingSafeEqual } from "node:crypto";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createForeverframe } from "foreverframe";

const PASSWORD = process.env.PASSWORD ?? "open-sesame";

const hashOf = (text) => createHash("sha256").update(text).digest();
const WANTED = hashOf(`Basic ${Buffer.from(`porter:${PASSWORD}`).toString("base64")}`);

/** HTTP Basic: the browser asks for it once, and sends it with every request to this server. */
function isPorter({ headers }) {
  return timingSafeEqual(hashOf(headers.authorization ?? ""), WANTED);
}

const ff = await createForeverframe({
  authorize: (request, { action }) => action !== "publish" && isPorter(request),
});

async function answer(request, response) {
  const { method, url } = request;
  if (method === "GET" && url === "/") {
    if (!isPorter(request))
      return response.writeHead(401, { "WWW-Authenticate": 'Basic realm="Porter"' }).end();
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
    createReadStream(join(import.meta.dirname, "index.html")).pipe(response);
  } else if (method === "POST" && url === "/ring") {
    await ff.publish("bell", { door: "front" }); // everybody at the door may ring
    response.writeHead(204).end();
  } else {
    response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
});

ff.attach(server, { path: "/push" }); // what is there never comes to the function above

const port = process.env.PORT ?? 3000;
server.listen(port, () => console.log(`Open http://localhost:${port}`));

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await ff.drain(); // tells the pages to come back, and closes the log
    server.close();
    setTimeout(() => server.closeAllConnections(), 1_000).unref(); // browsers open some ahead
  });
}

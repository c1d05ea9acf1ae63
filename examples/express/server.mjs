/** Notes that everybody who has signed in sees at once. See README.md. */
import { randomUUID } from "node:crypto";
import express from "express";
import { createForeverframe } from "foreverframe";

/** User names by session id. A real application has its session store here. */
const sessions = new Map();

function sessionOf(request) {
  return /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
}

function userOf(request) {
  return sessions.get(sessionOf(request));
}

const ff = await createForeverframe({
  authorize(request, { action, channels }) {
    if (action === "close") return true; // only its own page knows the id of a stream
    const user = userOf(request);
    const isReader = action === "subscribe" && channels.every((channel) => channel === "notes");
    return { allow: user !== undefined && isReader, client: user };
  },
});

const app = express();
app.use("/push", ff.node); // before body parsers: Foreverframe reads its bodies itself
app.use(express.urlencoded());

app.get("/", (request, response) => {
  const page = userOf(request) === undefined ? "sign-in.html" : "notes.html";
  response.sendFile(page, { root: import.meta.dirname });
});

app.post("/sign-in", (request, response) => {
  const session = randomUUID();
  sessions.set(session, request.body.user);
  response.cookie("session", session, { httpOnly: true, sameSite: "lax" }).redirect("/");
});

app.post("/sign-out", async (request, response) => {
  const user = userOf(request);
  sessions.delete(sessionOf(request));
  if (user !== undefined) await ff.close({ client: user }); // in all windows, at once
  response.clearCookie("session").redirect("/");
});

app.post("/notes", async (request, response) => {
  const user = userOf(request);
  if (user === undefined) return response.sendStatus(401);
  await ff.publish("notes", { user, text: request.body.text });
  response.sendStatus(204); // the stream brings the note to the page
});

const port = process.env.PORT ?? 3000;
const server = app.listen(port, (error) => {
  if (error) throw error; // such as a port that is in use
  console.log(`Open http://localhost:${port}`);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await ff.drain(); // tells the pages to come back, and closes the log
    server.close();
    setTimeout(() => server.closeAllConnections(), 1_000).unref(); // browsers open some ahead
  });
}

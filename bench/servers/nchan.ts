import { writeFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { nginxPath } from "../../test/support/needs.mjs";
import { eventually } from "../../test/support/within.ts";
import { freePort } from "../processes/free-port.ts";
import { startProcess, untilListening } from "../processes/measured-process.ts";
import { NCHAN_MODULE } from "../processes/needs.mjs";
import { removeDirectory, temporaryDirectory } from "../processes/temporary-directory.ts";
import type { Publishing, RunningServer, Server } from "./server.ts";

const PUBLISH: Publishing = {
  path: "/publish",
  method: "POST",
  contentType: "text/plain",
  body: "%s",
};

type Subscriber = "http-raw-stream" | "eventsource";

function configuration(directory: string, port: number, subscriber: Subscriber): string {
  return `
load_module ${NCHAN_MODULE};
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 19000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${directory}/bodies;
  client_body_buffer_size 64k;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    nchan_channel_id "a$arg_id";
    location = /publish {
      nchan_publisher;
      nchan_message_buffer_length 200;
    }
    location = /stream {
      nchan_subscriber ${subscriber};
      nchan_subscriber_first_message newest;
    }
    location = /history {
      nchan_subscriber ${subscriber};
      nchan_subscriber_first_message oldest;
    }
  }
}
`;
}

/** Nchan in nginx, with one worker process; its messages are in memory. */
async function startNchan(subscriber: Subscriber): Promise<RunningServer> {
  const port = await freePort();
  const directory = temporaryDirectory();
  // The worker is not root.
  await chmod(directory, 0o755);
  const file = join(directory, "nginx.conf");
  writeFileSync(file, configuration(directory, port, subscriber));
  const log = ["-e", join(directory, "error.log")];
  const process = startProcess(nginxPath() ?? "nginx", ["-p", directory, ...log, "-c", file]);
  await untilListening(process, port);
  const pids = await eventually(
    5_000,
    () => process.pids().length > 1 && process.pids(),
    "nginx's worker process",
  );
  return {
    port,
    pids,
    streamPath: "/stream",
    streamHeader: subscriber === "eventsource" ? "Accept: text/event-stream" : "Accept: */*",
    publish: PUBLISH,
    own: {
      streamPath: "/stream?id=%d",
      publish: { ...PUBLISH, path: "/publish?id=%d" },
      lines: null,
    },
    speaksForeverframe: false,
    async startHistory() {
      const response = await fetch(`http://127.0.0.1:${port}/publish`, { method: "DELETE" });
      if (!response.ok) throw new Error(`deleting the channel answered ${response.status}`);
      return "/history";
    },
    collect: async () => null,
    said: process.said,
    async stop() {
      await process.stop();
      removeDirectory(directory);
    },
  };
}

/** What a browser would use, with an id for each message to go on from. */
export const nchan: Server = {
  name: "nchan",
  title: "Nchan (EventSource)",
  start: () => startNchan("eventsource"),
};

/**
 * The message's bytes and nothing else: the cheapest that it has, though no page could tell one
 * from the next.
 */
export const nchanRaw: Server = {
  name: "nchan-raw",
  title: "Nchan (raw stream)",
  start: () => startNchan("http-raw-stream"),
};

import { writeFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../../test/support/within.ts";
import {
  freePort,
  removeDirectory,
  startProcess,
  temporaryDirectory,
  untilListening,
} from "../measured-process.ts";
import { NCHAN_MODULE, nginxPath } from "../needs.mjs";
import type { Server } from "./server.ts";

// http-raw-stream is the cheapest of its streaming modes: in three rounds of 100 messages to 2,000 streams, one at a time,
// it took 7.3 to 8.2 us of CPU a delivery, http-chunked 7.2 to 9.8, eventsource 8.1 to 10.5.
function configuration(directory: string, port: number): string {
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
    nchan_channel_id a;
    location = /publish {
      nchan_publisher;
      nchan_message_buffer_length 200;
    }
    location = /stream {
      nchan_subscriber http-raw-stream;
      nchan_subscriber_first_message newest;
    }
    location = /history {
      nchan_subscriber http-raw-stream;
      nchan_subscriber_first_message oldest;
    }
  }
}
`;
}

/** Nchan in nginx, with one worker process; its messages are in memory. */
export const nchan: Server = {
  name: "nchan",
  title: "Nchan",
  async start() {
    const port = await freePort();
    const directory = temporaryDirectory();
    // The worker is not root.
    await chmod(directory, 0o755);
    const file = join(directory, "nginx.conf");
    writeFileSync(file, configuration(directory, port));
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
      publish: { path: "/publish", method: "POST", contentType: "text/plain", body: "%s" },
      speaksForeverframe: false,
      streamPathAfter: () => "/history",
      collect: async () => null,
      said: process.said,
      async stop() {
        await process.stop();
        removeDirectory(directory);
      },
    };
  },
};

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { eventually } from "./within.ts";

/** Prints each datagram on a line. Node has no such sockets, and every Debian has Perl. */
const LISTEN = `
use Socket; $| = 1;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die;
bind($s, pack_sockaddr_un($ARGV[0])) or die "$!";
print "bound\\n";
while (defined recv($s, my $m, 4096, 0)) { $m =~ s/\\n/ /g; print "$m\\n"; }
`;

const listening = new Set<ChildProcess>();

/** The socket of a service manager, and what it was told. */
export class NotifySocket {
  readonly path: string;
  #output = "";

  private constructor(path: string, child: ChildProcess) {
    this.path = path;
    child.stdout?.on("data", (data) => {
      this.#output += data;
    });
  }

  static async start(directory: string): Promise<NotifySocket> {
    const path = join(directory, "notify");
    const child = spawn("perl", ["-e", LISTEN, path], { stdio: ["ignore", "pipe", "inherit"] });
    listening.add(child);
    const socket = new NotifySocket(path, child);
    await eventually(5_000, () => socket.#output.includes("bound"), "the socket");
    return socket;
  }

  /** What it was told so far, without the barriers that systemd-notify waits behind. */
  get told(): readonly string[] {
    return this.#output
      .split("\n")
      .slice(1, -1)
      .filter((line) => !line.startsWith("BARRIER"));
  }
}

/** Close every socket; for `afterEach`. */
export function closeNotifySockets(): void {
  for (const child of listening) child.kill("SIGKILL");
  listening.clear();
}

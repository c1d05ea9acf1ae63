import { findCommand } from "../needs.mjs";
import { Program } from "../program.ts";

let screen: Program | null = null;

/** The name of a display that nobody sees, for engines that need one. The first call starts it. */
export async function display(): Promise<string> {
  screen ??= new Program(
    findCommand(["Xvfb"]) ?? "Xvfb",
    ["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
    "/",
  );
  const [, number] = await screen.untilPrinted(/^(\d+)$/m);
  return `:${number}`;
}

/** Stop it, if it was started. */
export async function stopDisplay(): Promise<void> {
  const started = screen;
  screen = null;
  await started?.stop("SIGKILL");
}

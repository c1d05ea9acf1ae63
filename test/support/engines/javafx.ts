import { createTemporaryDirectory } from "../temporary-directory.ts";
import { display } from "./display.ts";
import type { Driver } from "./driver.ts";
import { HostProcess } from "./host-process.ts";
import { JAVAFX_HOST, JAVAFX_MODULES } from "./programs.mjs";

/** Start JavaFX's WebView, which hands an answer on in blocks of 40,960 bytes. */
export async function startJavaFx(): Promise<Driver> {
  const home = createTemporaryDirectory();
  const settings = ["-Dprism.order=sw", "-Djava.awt.headless=true", `-Duser.home=${home}`];
  const args = [...settings, ...JAVAFX_MODULES, "-cp", JAVAFX_HOST, "FxHost"];
  return HostProcess.start("java", args, { HOME: home, DISPLAY: await display() });
}

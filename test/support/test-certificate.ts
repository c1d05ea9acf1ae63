import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTemporaryDirectory } from "./temporary-directory.ts";

const fileOf = (name: string) => fileURLToPath(new URL(`tls/${name}`, import.meta.url));

/** Settings of a server with the tests' own certificate, for `localhost`. */
export const TEST_TLS = { tlsCert: fileOf("cert.pem"), tlsKey: fileOf("key.pem") };

/** Write the tests' own certificate and its key to one file, as HAProxy and stunnel want them. */
export function writeTestPem(): string {
  const path = join(createTemporaryDirectory(), "both.pem");
  const both = [TEST_TLS.tlsCert, TEST_TLS.tlsKey].map((file) => readFileSync(file, "utf8"));
  writeFileSync(path, both.join(""));
  return path;
}

/** Where a certificate and its key are, as settings of a server. */
export interface CertificateFiles {
  readonly tlsCert: string;
  readonly tlsKey: string;
}

/**
 * Make a certificate that has signed itself, in a temporary directory.
 *
 * @param name of its subject
 */
export function makeCertificate({ name = "localhost", days = 30 } = {}): CertificateFiles {
  const directory = createTemporaryDirectory();
  const files = { tlsCert: join(directory, "cert.pem"), tlsKey: join(directory, "key.pem") };
  const kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  const names = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name},IP:127.0.0.1`];
  const out = ["-days", String(days), "-out", files.tlsCert, "-keyout", files.tlsKey];
  execFileSync("openssl", [...kind.split(" "), ...names, ...out], { stdio: "ignore" });
  return files;
}

/** Let clients of this process take the test's own certificate. @returns takes it back */
export function trustTestCertificate(): () => void {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {}; // about just this
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  return () => {
    delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.emitWarning = emitWarning;
  };
}

import { fileURLToPath } from "node:url";

const fileOf = (name: string) => fileURLToPath(new URL(`tls/${name}`, import.meta.url));

/** Settings of a server with the tests' own certificate, for `localhost`. */
export const TEST_TLS = { tlsCert: fileOf("cert.pem"), tlsKey: fileOf("key.pem") };

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

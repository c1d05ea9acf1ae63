import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { ForeverframeError, shorten } from "../errors.ts";
import type { Config } from "../settings/settings.ts";

/** Most bytes of a file with certificates or a key: a long chain has some 10,000. */
const MAX_PEM_BYTES = 1_048_576;

/** A certificate and its private key, as their files hold them (PEM). */
export interface TlsPair {
  /** The server's certificate, and behind it those that lead to its root. */
  readonly cert: string;
  readonly key: string;
}

/** The files that {@link readTlsPair} reads. */
export type TlsFiles = Pick<Config, "tlsCert" | "tlsKey">;

/**
 * Read the pair that a configuration names, unchecked: see {@link checkTlsPair}.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID: a file can't be read
 */
export async function readTlsPair({ tlsCert, tlsKey }: TlsFiles): Promise<TlsPair> {
  const [cert, key] = await Promise.all([
    readPem("--tls-cert", tlsCert, "the certificate"),
    readPem("--tls-key", tlsKey, "its private key"),
  ]);
  return { cert, key };
}

/**
 * Check that a server can speak with a pair.
 *
 * @param files for the error's sentence
 * @returns the server's certificate
 * @throws ForeverframeError FF_CONFIG_INVALID: one of the two is not what it should be, or they
 *   don't belong together
 */
export function checkTlsPair(pair: TlsPair, { tlsCert, tlsKey }: TlsFiles): X509Certificate {
  const certFile = `--tls-cert ${shorten(tlsCert)}`;
  const keyFile = `--tls-key ${shorten(tlsKey)}`;
  const certificate = attempt(
    () => new X509Certificate(pair.cert),
    () =>
      `${certFile} does not hold a certificate: give a PEM file that begins with "-----BEGIN CERTIFICATE-----"`,
  );
  const key = attempt(
    () => createPrivateKey(pair.key),
    () =>
      /\bENCRYPTED\b/.test(pair.key)
        ? `${keyFile} has a passphrase, which nobody could enter at a restart: take it off by "openssl pkey -in FILE -out FILE2", and guard the file by its mode`
        : `${keyFile} does not hold a private key: give a PEM file with "PRIVATE KEY-----" in its first line`,
  );
  if (!certificate.checkPrivateKey(key)) {
    throw invalid(
      `${keyFile} is not the key of ${certFile}: give the two files that were made together`,
    );
  }
  attempt(
    () => createSecureContext(secureContextOf(pair)),
    (reason) => `${certFile} can't be used (${shorten(reason)}): have it issued anew`,
  );
  return certificate;
}

/** What a server speaks TLS by. */
export function secureContextOf({ cert, key }: TlsPair): SecureContextOptions {
  return {
    cert,
    key,
    minVersion: "TLSv1.2",
    // A client could repeat the key exchange, the most expensive part, on one connection.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

async function readPem(flag: string, path: string, what: string): Promise<string> {
  let fault: string;
  try {
    const found = await stat(path);
    if (!found.isFile()) fault = "it is not a file, and a pipe could not be read again";
    else if (found.size > MAX_PEM_BYTES) fault = `it has more than ${MAX_PEM_BYTES} bytes`;
    else return await readFile(path, "utf8");
  } catch (error) {
    fault = (error as NodeJS.ErrnoException).code ?? String(error);
  }
  throw invalid(
    `${flag} ${shorten(path)} can't be read (${fault}): give the PEM file with ${what}, readable for the server's user`,
  );
}

/** @param explain is given the error's message */
function attempt<T>(run: () => T, explain: (reason: string) => string): T {
  try {
    return run();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(explain(reason), { cause });
  }
}

function invalid(message: string, options?: ErrorOptions): ForeverframeError {
  return new ForeverframeError("FF_CONFIG_INVALID", message, options);
}

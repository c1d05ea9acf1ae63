import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from "jose";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/** A secret in a file, as a server is given it. */
export interface SecretFile {
  readonly path: string;
  readonly secret: Buffer;
}

/** Make a secret of its own. */
export function createSecretFile(): SecretFile {
  const path = join(createTemporaryDirectory(), "secret");
  const secret = Buffer.from(randomBytes(32).toString("base64"), "latin1");
  writeFileSync(path, `${secret.toString("latin1")}\n`);
  return { path, secret };
}

/** A pair of keys, and the public one as a JWK set has it. */
export async function createKeyPair(
  alg: string,
  kid: string,
): Promise<{ readonly key: CryptoKey; readonly jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** The header that carries a token. */
export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/**
 * Sign a token, also one that no issuer would.
 *
 * @param claims all of it: an `exp` in an hour is added, unless there is one
 */
export function signToken(
  claims: Readonly<Record<string, unknown>>,
  key: Uint8Array | CryptoKey,
  header: JWTHeaderParameters = { alg: "HS256" },
): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  return new SignJWT({ exp, ...claims }).setProtectedHeader(header).sign(key);
}

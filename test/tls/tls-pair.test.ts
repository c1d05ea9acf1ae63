import { execFileSync } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { defaultConfig } from "../../src/settings/config.ts";
import { checkTlsPair, readTlsPair } from "../../src/tls/tls-pair.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { type CertificateFiles, makeCertificate, TEST_TLS } from "../support/test-certificate.ts";

describe("a certificate and its key", () => {
  after(removeTemporaryDirectories);

  const check = async (files: CertificateFiles) => checkTlsPair(await readTlsPair(files), files);
  const faultOf = (files: Partial<CertificateFiles>) =>
    check({ ...TEST_TLS, ...files }).then(
      () => "none",
      (error: Error) => `${"code" in error && error.code}: ${error.message}`,
    );
  const fileWith = (text: string) => {
    const path = join(createTemporaryDirectory(), "file.pem");
    writeFileSync(path, text);
    return path;
  };

  it("are taken where they belong together", async () => {
    expect((await check(TEST_TLS)).subject).to.equal("CN=localhost");
    expect((await check(makeCertificate({ name: "push.example" }))).subject).to.equal(
      "CN=push.example",
    );
  });

  it("are taken where the certificate has expired: clients say so, and a restart must not fail", async () => {
    const { tlsCert, tlsKey } = makeCertificate();
    const request = execFileSync("openssl", [
      "x509",
      "-x509toreq",
      "-in",
      tlsCert,
      "-signkey",
      tlsKey,
    ]);
    const expired = execFileSync("openssl", ["x509", "-req", "-days", "-1", "-signkey", tlsKey], {
      input: request,
      stdio: ["pipe", "pipe", "ignore"],
    });
    expect(await faultOf({ tlsCert: fileWith(String(expired)), tlsKey })).to.equal("none");
  });

  it("are refused in one sentence where a file can't be read", async () => {
    for (const name of ["tlsCert", "tlsKey"] as const) {
      const flag = name === "tlsCert" ? "--tls-cert" : "--tls-key";
      expect(await faultOf({ [name]: "/none/there.pem" })).to.match(
        new RegExp(`^FF_CONFIG_INVALID: ${flag} /none/there.pem can't be read \\(ENOENT\\): give`),
      );
      expect(await faultOf({ [name]: createTemporaryDirectory() })).to.include("it is not a file");
      const large = fileWith("");
      truncateSync(large, 1_048_577);
      expect(await faultOf({ [name]: large })).to.include("more than 1048576 bytes");
    }
  });

  it("are refused where they don't belong together, or each is in the place of the other", async () => {
    const other = makeCertificate();
    expect(await faultOf({ tlsKey: other.tlsKey })).to.include("is not the key of --tls-cert");
    expect(await faultOf({ tlsCert: TEST_TLS.tlsKey })).to.include("does not hold a certificate");
    expect(await faultOf({ tlsKey: TEST_TLS.tlsCert })).to.include("does not hold a private key");
    expect(await faultOf({ tlsCert: fileWith("") })).to.include("does not hold a certificate");
  });

  it("are refused where the key has a passphrase, or the certificate a key that is too weak", async () => {
    const locked = execFileSync("openssl", [
      ...["pkey", "-in", TEST_TLS.tlsKey, "-aes256", "-passout", "pass:secret"],
    ]);
    expect(await faultOf({ tlsKey: fileWith(String(locked)) })).to.include("has a passphrase");
    const directory = createTemporaryDirectory();
    const weak = { tlsCert: join(directory, "cert.pem"), tlsKey: join(directory, "key.pem") };
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "rsa:512", "-nodes", "-subj", "/CN=weak"],
        ...["-out", weak.tlsCert, "-keyout", weak.tlsKey],
      ],
      { stdio: "ignore" },
    );
    expect(await faultOf(weak)).to.match(/can't be used \(.*too small.*\): have it issued anew/);
  });

  it("are given both, or neither", () => {
    for (const one of [{ tlsCert: "a.pem" }, { tlsKey: "a.pem" }])
      expect(() => defaultConfig(one)).to.throw(/--tls-cert and --tls-key go together/);
  });
});
